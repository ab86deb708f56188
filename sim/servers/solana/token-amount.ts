export interface UiTokenAmount {
  amount: string;
  decimals: number;
  uiAmount: number;
  uiAmountString: string;
}

/** A quantity in the four forms in which nodes give it. */
export function encodeTokenAmount(quantity: bigint, decimals: number): UiTokenAmount {
  const digits = quantity.toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  const uiAmountString = fraction === "" ? whole : `${whole}.${fraction}`;
  return {
    amount: quantity.toString(),
    decimals,
    uiAmount: Number(uiAmountString),
    uiAmountString,
  };
}
