export interface SetupLink {
  /** Empty when the link was cut off. */
  token: string;
  /** Whose link it is; absent on the link that makes the first administrator. */
  person: string | null;
}

/** Reads a set-up link's fragment: `token=…`, and `for=<email>` on a person's own link. */
export function readSetupLink(fragment: string): SetupLink {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  return { token: fields.get('token') ?? '', person: fields.get('for') };
}

/** Takes the token out of the address bar and the history. */
export function hideSetupLink() {
  window.history.replaceState(window.history.state, '', window.location.pathname);
}
