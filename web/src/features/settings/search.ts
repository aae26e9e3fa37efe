export interface ApiTokensSearch {
  q?: string | undefined;
  user_id?: string | undefined;
}

export type SetApiTokensSearch = (change: ApiTokensSearch) => void;
