import { Button, Group } from '@mantine/core';

/** The end of a dialog's form: Cancel, and the button by the verb of the act. */
export function FormButtons({ submit, saving, onCancel }: { submit: string; saving: boolean; onCancel: () => void }) {
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
      <Button type="submit" loading={saving}>
        {submit}
      </Button>
    </Group>
  );
}
