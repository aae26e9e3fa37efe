import { Center, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { Logo } from '@/ui/Logo';

/** The frame of the pages before sign-in. */
export function Front({ title, lead, children }: { title: string; lead?: ReactNode; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · AuthSec`;
  }, [title]);
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={420} gap="lg">
        <Group gap="xs" justify="center">
          <Logo size={32} />
          <Text fw={700} fz="xl">
            AuthSec
          </Text>
        </Group>
        <Paper withBorder p="xl" shadow="sm">
          <Stack gap="md">
            <Title order={1} size="h3">
              {title}
            </Title>
            {lead && <Text c="dimmed">{lead}</Text>}
            {children}
          </Stack>
        </Paper>
      </Stack>
    </Center>
  );
}
