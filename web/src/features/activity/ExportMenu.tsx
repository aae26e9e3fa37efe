import { Button, Group, Loader, Menu, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import type { ListQuery } from '@/api/list';
import { count } from '@/lib/text';
import { FailureAlert } from '@/ui/states';
import { useExport } from './use-export';

/** Downloads all events that the filters match, not only those on screen. */
export function ExportMenu({ query }: { query: ListQuery<'/audit-events'> }) {
  const { state, start, cancel } = useExport(query);
  if (state.is === 'running') {
    return (
      <Group gap="sm">
        <Loader size="xs" aria-hidden />
        <Text fz="sm" role="status">
          Exporting, {count(state.events, 'event')} so far
        </Text>
        <Button variant="default" onClick={cancel}>
          Cancel
        </Button>
      </Group>
    );
  }
  return (
    <Stack gap="xs" align="flex-end">
      <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={18} aria-hidden />}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void start('jsonl')}>JSON Lines</Menu.Item>
          <Menu.Item onClick={() => void start('csv')}>CSV, for spreadsheets</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {state.is === 'failed' && <FailureAlert failure={state.failure} title="The export stopped" />}
    </Stack>
  );
}
