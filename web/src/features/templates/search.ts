/** The state of the list, which its URL holds. */
export interface TemplatesSearch {
  q?: string | undefined;
  client_id?: string | undefined;
  identity_provider_id?: string | undefined;
}
