import { setConnection } from '@/api/connection';

/** The failure of the last page whose code could not be fetched; the router keeps such a failure for good. */
let lost: string | undefined;

const reloadedFor = 'authsec.reloaded-for';

export function watchPageCode() {
  window.addEventListener('vite:preloadError', ({ payload }) => {
    lost = payload.message;
    // On the browser's own words the router would load everything anew at once, from a server that is away.
    payload.message = `This page needs code that could not be fetched. ${lost}`;
    setConnection('away');
  });
}

export const isCodeLost = () => lost !== undefined;

/** Loads everything anew if code is missing: once for the same code, which may be gone for good. */
export function reloadForCode() {
  if (lost === undefined || sessionStorage.getItem(reloadedFor) === lost) return;
  sessionStorage.setItem(reloadedFor, lost);
  window.location.reload();
}
