/** A rule whose evaluation failed; shown as the rule's `lastError`. */
export class RuleError extends Error {}
