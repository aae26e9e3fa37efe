import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { CopyValue } from './copy';
import { useFocusBack } from './focus';

interface Props {
  /** The secret; the dialog is open while there is one. */
  secret: string | undefined;
  onClose: () => void;
  title: string;
  /** What it is: "Client secret". */
  label: string;
  /** Where it goes. */
  children?: ReactNode;
}

/** Shows a secret this once. It closes by its button alone, so that a stray click cannot lose it. */
export function SecretDialog({ secret, onClose, title, label, children }: Props) {
  useFocusBack(secret !== undefined);
  return (
    <Modal
      opened={secret !== undefined}
      onClose={onClose}
      title={title}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      returnFocus={false}
      size="lg"
    >
      <Stack gap="md">
        <Alert color="yellow" icon={<IconEyeOff />} title="Shown this once">
          It is stored as a hash only. Copy it now; if it is lost, make a new one.
        </Alert>
        <Stack gap={4}>
          <Text fz="sm" fw={500}>
            {label}
          </Text>
          <CopyValue value={secret ?? ''} label={label} whole />
        </Stack>
        {children}
        <Group justify="flex-end">
          <Button onClick={onClose}>I have copied it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
