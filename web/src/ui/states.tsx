import { Alert, Button, Center, Group, Loader, Paper, Skeleton, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { type Icon, IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { failureText, isProblem } from '@/api/problem';

/** While something loads; `lines` stand for what will come. */
export function Loading({ lines = 4 }: { lines?: number }) {
  return (
    <Stack gap="sm" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <Skeleton key={i} height={22} width={`${92 - ((i * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}

export function LoadingDots() {
  return (
    <Center p="md" role="status" aria-label="Loading more">
      <Loader size="sm" type="dots" />
    </Center>
  );
}

/** What went wrong and what to do; the request ID finds it in the server's log. */
export function FailureAlert({
  failure,
  retry,
  title = 'That did not work',
}: {
  failure: unknown;
  retry?: (() => void) | undefined;
  title?: string;
}) {
  if (!failure) return null;
  return (
    <Alert color="red" title={title} icon={<IconAlertTriangle />} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
          {failureText(failure)}
        </Text>
        {isProblem(failure) && failure.status >= 500 && failure.request_id && <Text fz="xs">Request {failure.request_id}</Text>}
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

export interface EmptyProps {
  icon: Icon;
  title: string;
  /** What to do next. */
  children?: ReactNode;
  action?: ReactNode;
}

/** An empty list says what to do next. */
export function Empty({ icon: TheIcon, title, children, action }: EmptyProps) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="sm" maw={460}>
        <ThemeIcon variant="light" size={48} radius="xl" aria-hidden>
          <TheIcon size={26} stroke={1.6} />
        </ThemeIcon>
        <Title order={2} size="h4" ta="center">
          {title}
        </Title>
        {children && (
          <Text c="dimmed" ta="center" component="div">
            {children}
          </Text>
        )}
        {action && <Group mt="xs">{action}</Group>}
      </Stack>
    </Center>
  );
}

/** A titled part of a page. */
export function Section({ title, aside, children, id }: { title: string; aside?: ReactNode; children: ReactNode; id?: string }) {
  const heading = `${id ?? title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}-heading`;
  return (
    <Paper component="section" aria-labelledby={heading} withBorder p={{ base: 'md', sm: 'lg' }}>
      <Stack gap="md">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h4" id={heading}>
            {title}
          </Title>
          {aside}
        </Group>
        {children}
      </Stack>
    </Paper>
  );
}
