/** What was typed over a thing as it was, put over the same thing as others have left it: what was not touched is theirs. */
export const mergeValue = <T>(was: T, typed: T, is: T): T => (typed === was ? is : typed);

/** The members of the first list that the second lacks. */
export const without = (members: readonly string[], others: readonly string[]): string[] => members.filter((m) => !others.includes(m));

/** As mergeValue, for a set: what was added and taken away is added to and taken from what others have left. */
export function mergeSet(was: readonly string[], typed: readonly string[], is: readonly string[]): string[] {
  const left = without(is, without(was, typed));
  return [...left, ...without(without(typed, was), left)];
}
