/** "1 agent", "2 agents". */
export const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString()} ${n === 1 ? one : many}`;

/** "a", "a and b", "a, b and c". */
export function list(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** The resource of an action: `billing:read` → `billing`. */
export const resourceOf = (action: string): string => action.split(':', 1)[0] ?? action;
