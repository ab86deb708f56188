/** A transaction error in the JSON form that nodes answer with. */
export type ChainError = string | { [kind: string]: unknown };

type VmInstructionError = number | { code: number } | { msg: string };
type VmError =
  | number
  | { index: number; err(): VmInstructionError }
  | { index: number }
  | { accountIndex: number; toString(): string };

const TRANSACTION_ERRORS = [
  "AccountInUse",
  "AccountLoadedTwice",
  "AccountNotFound",
  "ProgramAccountNotFound",
  "InsufficientFundsForFee",
  "InvalidAccountForFee",
  "AlreadyProcessed",
  "BlockhashNotFound",
  "CallChainTooDeep",
  "MissingSignatureForFee",
  "InvalidAccountIndex",
  "SignatureFailure",
  "InvalidProgramForExecution",
  "SanitizeFailure",
  "ClusterMaintenance",
  "AccountBorrowOutstanding",
  "WouldExceedMaxBlockCostLimit",
  "UnsupportedVersion",
  "InvalidWritableAccount",
  "WouldExceedMaxAccountCostLimit",
  "WouldExceedAccountDataBlockLimit",
  "TooManyAccountLocks",
  "AddressLookupTableNotFound",
  "InvalidAddressLookupTableOwner",
  "InvalidAddressLookupTableData",
  "InvalidAddressLookupTableIndex",
  "InvalidRentPayingAccount",
  "WouldExceedMaxVoteCostLimit",
  "WouldExceedAccountDataTotalLimit",
  "MaxLoadedAccountsDataSizeExceeded",
  "ResanitizationNeeded",
  "InvalidLoadedAccountsDataSizeLimit",
  "UnbalancedTransaction",
  "ProgramCacheHitMaxLimit",
  "CommitCancelled",
];

const INSTRUCTION_ERRORS = [
  "GenericError",
  "InvalidArgument",
  "InvalidInstructionData",
  "InvalidAccountData",
  "AccountDataTooSmall",
  "InsufficientFunds",
  "IncorrectProgramId",
  "MissingRequiredSignature",
  "AccountAlreadyInitialized",
  "UninitializedAccount",
  "UnbalancedInstruction",
  "ModifiedProgramId",
  "ExternalAccountLamportSpend",
  "ExternalAccountDataModified",
  "ReadonlyLamportChange",
  "ReadonlyDataModified",
  "DuplicateAccountIndex",
  "ExecutableModified",
  "RentEpochModified",
  "NotEnoughAccountKeys",
  "AccountDataSizeChanged",
  "AccountNotExecutable",
  "AccountBorrowFailed",
  "AccountBorrowOutstanding",
  "DuplicateAccountOutOfSync",
  "InvalidError",
  "ExecutableDataModified",
  "ExecutableLamportChange",
  "ExecutableAccountNotRentExempt",
  "UnsupportedProgramId",
  "CallDepth",
  "MissingAccount",
  "ReentrancyNotAllowed",
  "MaxSeedLengthExceeded",
  "InvalidSeeds",
  "InvalidRealloc",
  "ComputationalBudgetExceeded",
  "PrivilegeEscalation",
  "ProgramEnvironmentSetupFailure",
  "ProgramFailedToComplete",
  "ProgramFailedToCompile",
  "Immutable",
  "IncorrectAuthority",
  "AccountNotRentExempt",
  "InvalidAccountOwner",
  "ArithmeticOverflow",
  "UnsupportedSysvar",
  "IllegalOwner",
  "MaxAccountsDataAllocationsExceeded",
  "MaxAccountsExceeded",
  "MaxInstructionTraceLengthExceeded",
  "BuiltinProgramsMustConsumeComputeUnits",
  "BorshIoError",
];

/** How nodes word the commonest errors in front of a failed simulation. */
const MESSAGES: Readonly<Record<string, string>> = {
  AccountNotFound: "Attempt to debit an account but found no record of a prior credit.",
  ProgramAccountNotFound: "Attempt to load a program that does not exist",
  InsufficientFundsForFee: "Insufficient funds for fee",
  InvalidAccountForFee: "This account may not be used to pay transaction fees",
  AlreadyProcessed: "This transaction has already been processed",
  BlockhashNotFound: "Blockhash not found",
  SignatureFailure: "Transaction did not pass signature verification",
  InvalidProgramForExecution: "This program may not be used for executing instructions",
  AddressLookupTableNotFound: "Transaction loads an address table account that doesn't exist",
  InvalidAddressLookupTableOwner:
    "Transaction loads an address table account with an invalid owner",
  InvalidAddressLookupTableIndex: "Transaction address table lookup uses an invalid index",
};

const INSTRUCTION_MESSAGES: Readonly<Record<string, string>> = {
  InvalidArgument: "invalid program argument",
  InvalidInstructionData: "invalid instruction data",
  InvalidAccountData: "invalid account data for instruction",
  InsufficientFunds: "insufficient funds for instruction",
  IncorrectProgramId: "incorrect program id for instruction",
  MissingRequiredSignature: "missing required signature for instruction",
  AccountAlreadyInitialized: "instruction requires an uninitialized account",
  UninitializedAccount: "instruction requires an initialized account",
  ReadonlyLamportChange: "instruction changed the balance of a read-only account",
  ReadonlyDataModified: "instruction modified data of a read-only account",
  NotEnoughAccountKeys: "insufficient account keys for instruction",
  UnsupportedProgramId: "Unsupported program id",
  MissingAccount: "An account required by the instruction is missing",
  ComputationalBudgetExceeded: "Computational budget exceeded",
  PrivilegeEscalation: "Cross-program invocation with unauthorized signer or writable account",
  InvalidAccountOwner: "Invalid account owner",
  IllegalOwner: "Provided owner is not allowed",
};

export function instructionError(index: number, error: string | { Custom: number }): ChainError {
  return { InstructionError: [index, error] };
}

/** The step of a failed instruction, when the error names one. */
export function failedInstructionOf(error: ChainError): number | undefined {
  if (typeof error === "string" || !("InstructionError" in error)) return undefined;
  return (error["InstructionError"] as [number, unknown])[0];
}

export function describeChainError(error: ChainError): string {
  if (typeof error === "string") return MESSAGES[error] ?? error;
  if ("InstructionError" in error) {
    const index = failedInstructionOf(error) as number;
    return `Error processing Instruction ${index}: ${describeInstructionFailure(error)}`;
  }
  if ("InsufficientFundsForRent" in error) {
    const { account_index } = error["InsufficientFundsForRent"] as { account_index: number };
    return `Transaction results in an account (${account_index}) with insufficient funds for rent`;
  }
  return JSON.stringify(error);
}

/** The reason alone, as program logs end with it. */
export function describeInstructionFailure(error: ChainError): string {
  if (typeof error === "string" || !("InstructionError" in error)) return describeChainError(error);
  const [, inner] = error["InstructionError"] as [number, string | { Custom: number }];
  if (typeof inner === "string") return INSTRUCTION_MESSAGES[inner] ?? inner;
  return `custom program error: 0x${inner.Custom.toString(16)}`;
}

/** The virtual machine's error as JSON; `step` indexes its own message. */
export function parseVmError(error: VmError): ChainError {
  if (typeof error === "number") return TRANSACTION_ERRORS[error] ?? `Unknown${error}`;
  if ("accountIndex" in error) {
    const kind = error.toString().includes("Restricted")
      ? "ProgramExecutionTemporarilyRestricted"
      : "InsufficientFundsForRent";
    return { [kind]: { account_index: error.accountIndex } };
  }
  if (!("err" in error)) return { DuplicateInstruction: error.index };
  const inner = error.err();
  if (typeof inner === "number") {
    return instructionError(error.index, INSTRUCTION_ERRORS[inner] ?? `Unknown${inner}`);
  }
  return instructionError(error.index, "code" in inner ? { Custom: inner.code } : "BorshIoError");
}
