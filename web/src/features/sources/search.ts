export interface SourcesSearch {
  q?: string | undefined;
}
