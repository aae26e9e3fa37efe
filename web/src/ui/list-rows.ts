/** A row of the table: an item's own, or the details that are open under it. */
export interface Row {
  key: string;
  /** The item's place in the list. */
  index: number;
  details: boolean;
}

/** Rows by the items' keys, each followed by its details while these are open. */
export function rowsOf(keys: readonly string[], open: ReadonlySet<string>): Row[] {
  return keys.flatMap((key, index) => {
    const row = { key, index, details: false };
    return open.has(key) ? [row, { key: `${key} details`, index, details: true }] : [row];
  });
}
