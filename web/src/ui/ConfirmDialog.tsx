import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { FormProblem } from './FormProblem';
import { useSave } from './forms';

interface Props {
  opened: boolean;
  onClose: () => void;
  /** A question: "Suspend Customer Support?" */
  title: string;
  /** What will happen. */
  children: ReactNode;
  /** The button, by the verb of the act: "Suspend". */
  confirm: string;
  /** Asks for a reason, which goes to the audit log. */
  withReason?: boolean;
  danger?: boolean;
  act: (reason: string | undefined) => Promise<unknown>;
}

/** Asks before something that hurts. Closes when it is done; a failure stays in it. */
export function ConfirmDialog({ opened, onClose, title, children, confirm, withReason = false, danger = true, act }: Props) {
  const [reason, setReason] = useState('');
  const { submit, saving, problem, clear } = useSave(async () => {
    await act(withReason ? reason.trim() || undefined : undefined);
    onClose();
  });
  useEffect(() => {
    if (opened) {
      setReason('');
      clear();
    }
  }, [opened, clear]);
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void submit(undefined);
        }}
      >
        <Stack gap="md">
          <div>{children}</div>
          {withReason && (
            <Textarea
              label="Reason"
              description="For the audit log, and for whoever asks later."
              value={reason}
              onChange={(e) => setReason(e.currentTarget.value)}
              maxLength={1024}
              autosize
              minRows={2}
              data-autofocus
            />
          )}
          <FormProblem problem={problem} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color={danger ? 'red' : undefined} loading={saving}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
