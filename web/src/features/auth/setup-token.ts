import { useEffect, useState } from 'react';

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
function hideSetupLink() {
  window.history.replaceState(window.history.state, '', window.location.pathname);
}

/** The link that this page was opened by, or that was pasted over it since, which loads no page anew. */
export function useSetupLink(): SetupLink {
  const [link, setLink] = useState(() => readSetupLink(window.location.hash));
  useEffect(() => {
    const read = () => {
      const next = readSetupLink(window.location.hash);
      if (next.token === '') return;
      setLink(next);
      hideSetupLink();
    };
    read();
    window.addEventListener('hashchange', read);
    return () => window.removeEventListener('hashchange', read);
  }, []);
  return link;
}
