import { Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

export interface PageProps {
  title: string;
  /** Beside the title, as a badge. */
  badge?: ReactNode;
  description?: ReactNode;
  /** Links to the pages above this one, outermost first. */
  above?: ReactNode[];
  /** Buttons of the page. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A page's frame: document title, where it stands, heading, buttons. */
export function Page({ title, badge, description, above = [], actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · AuthSec`;
  }, [title]);
  return (
    <Stack gap="lg">
      <Stack gap={6}>
        {above.length > 0 && (
          <nav aria-label="Breadcrumb">
            <Breadcrumbs fz="sm">
              {above}
              <Text fz="sm" c="dimmed" truncate maw={320} title={title}>
                {title}
              </Text>
            </Breadcrumbs>
          </nav>
        )}
        <Group justify="space-between" align="flex-start" gap="sm">
          <Group gap="sm" style={{ flex: '1 1 16rem', minWidth: 0 }}>
            <Title order={1} size="h2" tabIndex={-1} style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
              {title}
            </Title>
            {badge}
          </Group>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
        {description && (
          <Text c="dimmed" maw={760}>
            {description}
          </Text>
        )}
      </Stack>
      {children}
    </Stack>
  );
}
