import { Avatar, Menu, Text, UnstyledButton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { client } from '@/api/client';
import type { Session } from '@/api/types';
import { Clip } from '@/ui/Clip';
import { useSave } from '@/ui/forms';

async function signOut() {
  const { error } = await client.DELETE('/session');
  if (error) throw error;
  // Loaded anew, so that nothing of this person stays in memory.
  window.location.assign('/sign-in');
}

/** Who is signed in. */
export function UserMenu({ session }: { session: Session }) {
  const navigate = useNavigate();
  const { submit, problem } = useSave(signOut);
  useEffect(() => {
    if (problem) notifications.show({ color: 'red', title: 'You are still signed in', message: problem });
  }, [problem]);
  return (
    <Menu position="bottom-end" width={260} withArrow withInitialFocusPlaceholder={false} withinPortal={false}>
      <Menu.Target>
        <UnstyledButton aria-label={`Account of ${session.user.name}`}>
          <Avatar name={session.user.name} color="indigo" size={34} radius="xl" variant="filled" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label c="inherit">
          <Clip text={session.user.name} fw={600} />
          <Clip text={session.user.email} />
          <Text fz="xs" tt="capitalize">
            {session.level}
          </Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<IconUserCircle size={16} />} onClick={() => void navigate({ to: '/profile' })}>
          Profile
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void submit(undefined)}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
