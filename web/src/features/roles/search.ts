export interface NamesSearch {
  q?: string | undefined;
}

export type SetNamesSearch = (change: Partial<NamesSearch>) => void;
