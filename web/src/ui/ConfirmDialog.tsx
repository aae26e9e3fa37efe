import { Modal, Stack, Textarea } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { FormButtons } from './FormButtons';
import { FormProblem } from './FormProblem';
import { useFocusBack } from './focus';
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

/** Asks before something that hurts. Closes when it is done, not before: a failure stays in it. */
export function ConfirmDialog({ opened, onClose, title, children, confirm, withReason = false, danger = true, act }: Props) {
  useFocusBack(opened);
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
    <Modal
      opened={opened}
      onClose={saving ? () => {} : onClose}
      title={title}
      returnFocus={false}
      closeButtonProps={{ 'aria-label': 'Close', disabled: saving }}
      styles={{ title: { overflowWrap: 'anywhere' } }}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void submit(undefined);
        }}
      >
        <Stack gap="md">
          <div style={{ overflowWrap: 'anywhere' }}>{children}</div>
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
          <FormButtons submit={confirm} saving={saving} onCancel={onClose} danger={danger} />
        </Stack>
      </form>
    </Modal>
  );
}
