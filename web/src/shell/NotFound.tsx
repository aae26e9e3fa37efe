import { Center, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconMapPinOff } from '@tabler/icons-react';
import { useEffect } from 'react';
import { ButtonTo } from '@/ui/links';

/** At an address that is no page of the console: it stands alone, outside the frame. */
export function NotFound() {
  useEffect(() => {
    document.title = 'Nothing here · AuthSec';
  }, []);
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack align="center" gap="sm" maw={460}>
        <ThemeIcon variant="light" size={48} radius="xl" aria-hidden>
          <IconMapPinOff size={26} stroke={1.6} />
        </ThemeIcon>
        <Title order={1} size="h3" ta="center">
          There is nothing here
        </Title>
        <Text c="dimmed" ta="center">
          No page of the console has this address.
        </Text>
        <ButtonTo to="/" mt="xs">
          Go to the dashboard
        </ButtonTo>
      </Stack>
    </Center>
  );
}
