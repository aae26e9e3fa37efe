import { AppShell, Burger, Group, Kbd, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { Outlet } from '@tanstack/react-router';
import { useSession } from '@/api/session';
import { Logo } from '@/ui/Logo';
import { LinkTo } from '@/ui/links';
import classes from './ConsoleShell.module.css';
import { openPalette, Palette } from './Palette';
import { SchemeToggle } from './SchemeToggle';
import { Sidebar } from './Sidebar';
import { SignInAgain } from './SignInAgain';
import { UserMenu } from './UserMenu';

/** The frame of every page after sign-in. */
export function ConsoleShell() {
  const session = useSession();
  const [opened, { toggle, close }] = useDisclosure(false);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 250, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', md: 'xl' }}
    >
      <a href="#main" className={classes.skip}>
        Skip to content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" aria-expanded={opened} />
            <LinkTo to="/" underline="never" c="inherit">
              <Group gap="xs" wrap="nowrap">
                <Logo size={26} />
                <Text fw={700} fz="lg">
                  AuthSec
                </Text>
              </Group>
            </LinkTo>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <UnstyledButton className={classes.search} onClick={openPalette} aria-label="Search (Ctrl + K)">
              <IconSearch size={16} aria-hidden />
              <Text span fz="sm" visibleFrom="sm">
                Search
              </Text>
              <Kbd size="xs" visibleFrom="sm">
                Ctrl K
              </Kbd>
            </UnstyledButton>
            <SchemeToggle />
            <UserMenu session={session} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Main" style={{ overflowY: 'auto' }} className={opened ? undefined : classes.closed}>
        <Sidebar onNavigate={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <div className={classes.content}>
          <Outlet />
        </div>
      </AppShell.Main>
      <Palette />
      <SignInAgain session={session} />
    </AppShell>
  );
}
