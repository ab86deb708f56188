/** Which orders go only to lanes that show them to nobody before they land. */
export const MEV_PROTECTS = ["off", "entries", "all"] as const;
export type MevProtect = (typeof MEV_PROTECTS)[number];

/** What one person has chosen; `default` follows the settings of the desk. */
export type MevChoice = MevProtect | "default";
