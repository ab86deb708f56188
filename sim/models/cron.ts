/** A cron expression of five fields in one time zone, as sets of allowed values. */
export interface Cron {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  daysOfMonth: ReadonlySet<number>;
  months: ReadonlySet<number>;
  daysOfWeek: ReadonlySet<number>;
  /** A restricted day of month and a restricted day of week are alternatives, not conditions. */
  isEitherDayEnough: boolean;
  timeZone: string;
}

interface WallTime {
  month: number;
  dayOfMonth: number;
  dayOfWeek: number;
  hour: number;
  minute: number;
}

interface CronField {
  name: string;
  min: number;
  max: number;
  names: readonly string[];
}

const MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAY_NAMES = "sun mon tue wed thu fri sat".split(" ");
const MINUTE_MS = 60_000;
/** The rarest valid date, 29 February, can be eight years away (around 2100). */
const SEARCH_MS_MAX = 8.1 * 366 * 24 * 60 * MINUTE_MS;
const FIELDS: readonly [CronField, CronField, CronField, CronField, CronField] = [
  { name: "minute", min: 0, max: 59, names: [] },
  { name: "hour", min: 0, max: 23, names: [] },
  { name: "day of month", min: 1, max: 31, names: [] },
  { name: "month", min: 1, max: 12, names: MONTH_NAMES },
  { name: "day of week", min: 0, max: 6, names: DAY_NAMES },
];

export type CronParse = { ok: true; cron: Cron } | { ok: false; reason: string };

/** Reads `[CRON_TZ=Area/City ]minute hour day-of-month month day-of-week`. */
export function parseCron(text: string): CronParse {
  const words = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return { ok: false, reason: "empty spec string" };
  const zoneWord = /^(?:CRON_TZ|TZ)=(.+)$/.exec(words[0] ?? "");
  if (zoneWord !== null) words.shift();
  const timeZone = zoneWord?.[1] ?? "UTC";
  if (!isTimeZone(timeZone)) return { ok: false, reason: `bad location ${timeZone}` };
  if (words.length !== FIELDS.length) {
    return { ok: false, reason: `expected exactly 5 fields, found ${words.length}: ${text}` };
  }
  const sets: Set<number>[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const set = parseField(words[index] ?? "", field);
    if (typeof set === "string") return { ok: false, reason: set };
    sets.push(set);
  }
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = sets;
  if (!minutes || !hours || !daysOfMonth || !months || !daysOfWeek) {
    throw new Error("expected five parsed fields");
  }
  const isEitherDayEnough = !isStar(words[2]) && !isStar(words[4]);
  const cron = { minutes, hours, daysOfMonth, months, daysOfWeek, isEitherDayEnough, timeZone };
  return { ok: true, cron };
}

/** The first matching minute strictly after `afterMs`; undefined when there is none (30 Feb). */
export function deriveNextCronMs(cron: Cron, afterMs: number): number | undefined {
  const wallTimeAt = wallTimeReaderOf(cron.timeZone);
  let candidateMs = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS;
  while (candidateMs - afterMs < SEARCH_MS_MAX) {
    const wall = wallTimeAt(candidateMs);
    const skipMinutes = deriveSkipMinutes(cron, wall);
    if (skipMinutes === 0) return candidateMs;
    candidateMs += skipMinutes * MINUTE_MS;
  }
  return undefined;
}

/** Skips stay short of a change of summer time, so no matching minute is jumped over. */
function deriveSkipMinutes(cron: Cron, wall: WallTime): number {
  const toNextHour = 60 - wall.minute;
  if (!cron.months.has(wall.month) || !isDayAllowed(cron, wall)) {
    return wall.hour < 20 ? toNextHour + (20 - wall.hour) * 60 : toNextHour;
  }
  if (!cron.hours.has(wall.hour)) return toNextHour;
  return cron.minutes.has(wall.minute) ? 0 : 1;
}

function isDayAllowed(cron: Cron, wall: WallTime): boolean {
  const isInMonth = cron.daysOfMonth.has(wall.dayOfMonth);
  const isInWeek = cron.daysOfWeek.has(wall.dayOfWeek);
  return cron.isEitherDayEnough ? isInMonth || isInWeek : isInMonth && isInWeek;
}

function isStar(word: string | undefined): boolean {
  return word === "*" || word === "?" || (word?.startsWith("*/") ?? false);
}

function parseField(word: string, field: CronField): Set<number> | string {
  const set = new Set<number>();
  for (const part of word.split(",")) {
    const range = parseRange(part, field);
    if (typeof range === "string") return range;
    for (let value = range.from; value <= range.to; value += range.step) set.add(value);
  }
  return set;
}

function parseRange(
  part: string,
  field: CronField,
): { from: number; to: number; step: number } | string {
  const match = /^(\*|\?|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:\/([0-9]+))?$/i.exec(part);
  if (match === null) return `failed to parse ${field.name} from ${part}`;
  const isOpen = match[1] === "*" || match[1] === "?";
  const step = match[4] === undefined ? 1 : Number(match[4]);
  const from = isOpen ? field.min : parseValue(match[2] ?? "", field);
  // A lone value with a step means "from there to the end".
  const end = match[3] ?? (match[4] === undefined ? match[2] : undefined);
  const to = isOpen || end === undefined ? field.max : parseValue(end, field);
  if (Number.isNaN(from) || Number.isNaN(to)) return `failed to parse int from ${part}`;
  if (from < field.min) return `beginning of range (${from}) below minimum (${field.min}): ${part}`;
  if (to > field.max) return `end of range (${to}) above maximum (${field.max}): ${part}`;
  if (from > to) return `beginning of range (${from}) beyond end of range (${to}): ${part}`;
  if (step === 0) return `step of range should be a positive number: ${part}`;
  return { from, to, step };
}

function parseValue(text: string, field: CronField): number {
  const named = field.names.indexOf(text.toLowerCase());
  if (named !== -1) return named + field.min;
  return /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
}

function isTimeZone(timeZone: string): boolean {
  try {
    wallTimeReaderOf(timeZone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const READERS = new Map<string, (ms: number) => WallTime>();

/** Reading a time zone's rules takes milliseconds, and all seeds of a process use the same few. */
function wallTimeReaderOf(timeZone: string): (ms: number) => WallTime {
  const known = READERS.get(timeZone);
  if (known !== undefined) return known;
  const made = createWallTimeReader(timeZone);
  READERS.set(timeZone, made);
  return made;
}

function createWallTimeReader(timeZone: string): (ms: number) => WallTime {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    month: "numeric",
    day: "numeric",
    weekday: "short",
    hour: "numeric",
    minute: "numeric",
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map((part) => [part.type, part.value]));
    return {
      month: Number(parts.get("month")),
      dayOfMonth: Number(parts.get("day")),
      dayOfWeek: DAY_NAMES.indexOf((parts.get("weekday") ?? "").toLowerCase()),
      hour: Number(parts.get("hour")),
      minute: Number(parts.get("minute")),
    };
  };
}
