import { Button, Divider, Stack } from '@mantine/core';
import { $api } from '@/api/client';

interface Props {
  /** A path of this console, to come back to. */
  returnTo: string;
  /** In another tab, so that what is typed on this page stays. */
  apart?: boolean;
}

/**
 * Buttons to sign in from an identity provider: navigations, since the server
 * sends the browser there. Nothing while there is none, or none can be asked
 * for: the password is always a way in.
 */
export function SignInProviders({ returnTo, apart = false }: Props) {
  const { data } = $api.useQuery('get', '/sign-in/providers', undefined, { staleTime: 60_000 });
  if (!data || data.items.length === 0) return null;
  return (
    <Stack gap="sm">
      <Divider label="or" />
      {data.items.map(({ id, name }) => (
        <Button
          key={id}
          component="a"
          variant="default"
          fullWidth
          href={`/api/v1/sign-in/${encodeURIComponent(id)}/start?${new URLSearchParams({ return_to: returnTo })}`}
          title={name}
          {...(apart ? { target: '_blank', rel: 'noopener' } : {})}
        >
          Sign in with {name}
        </Button>
      ))}
    </Stack>
  );
}
