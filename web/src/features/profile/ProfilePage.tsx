import { $api } from '@/api/client';
import { Page } from '@/ui/Page';
import { FailureAlert, Loading } from '@/ui/states';
import { MyFacts } from './MyFacts';
import { MyIdentities } from './MyIdentities';
import { NameForm } from './NameForm';
import { PasswordForm } from './PasswordForm';

/** The reader's own account. */
export function ProfilePage() {
  const { data: me, error, refetch } = $api.useQuery('get', '/me');
  return (
    <Page title="Profile" description="Who you are here, and how you sign in.">
      <FailureAlert failure={me ? null : error} retry={() => void refetch()} title="Your profile could not be loaded" />
      {!me && !error && <Loading lines={8} />}
      {me && (
        <>
          <MyFacts me={me} />
          <MyIdentities />
          <NameForm name={me.user.name} />
          <PasswordForm email={me.user.email} />
        </>
      )}
    </Page>
  );
}
