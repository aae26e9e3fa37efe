export interface ProvidersSearch {
  q?: string | undefined;
}
