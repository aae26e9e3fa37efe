import { useQueryClient } from '@tanstack/react-query';

/** After a change, everything on screen is asked anew, so that it shows wherever it is seen. */
export function useChanged(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries();
}
