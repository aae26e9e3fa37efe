import { Modal, type ModalProps, Stack } from '@mantine/core';
import type { ReactNode, SubmitEventHandler } from 'react';
import { FormButtons } from './FormButtons';
import { FormProblem } from './FormProblem';
import { useFocusBack } from './focus';
import type { Saving } from './forms';

interface Props {
  title: string;
  onClose: () => void;
  onSubmit: SubmitEventHandler<HTMLFormElement>;
  saving: Pick<Saving, 'saving' | 'problem'>;
  /** The button, by the verb of the act. */
  submit: string;
  size?: ModalProps['size'];
  children: ReactNode;
}

/**
 * A form over the page; mounted while it is open. Neither a stray click nor a
 * change of mind closes it while it saves: its failure would be seen by nobody.
 */
export function FormDialog({ title, onClose, onSubmit, saving: { saving, problem }, submit, size = 'md', children }: Props) {
  useFocusBack();
  return (
    <Modal
      opened
      onClose={saving ? () => {} : onClose}
      title={title}
      size={size}
      returnFocus={false}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close', disabled: saving }}
      styles={{ title: { overflowWrap: 'anywhere' } }}
    >
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {children}
          <FormProblem problem={problem} />
          <FormButtons submit={submit} saving={saving} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  );
}
