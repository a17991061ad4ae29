import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { queryTasks } from '../api/midjourney';
import type { AccountView, ChannelView, KeyView, KeyWithSecret, UserView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Field } from '../ui/field';
import { Icon } from '../ui/icon';
import { Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { ChannelForm } from './channel-form';
import { useChange, useList } from './desk';
import { KeyForm } from './key-form';
import './operations.css';
import { SecretDialog } from './secret-dialog';

/** The first run: a password, a backend, a key and a picture; each step says when it is done. */
export default function FirstSteps() {
  const { t } = useLanguage();
  const users = useList<UserView>('/users');
  const channels = useList<ChannelView>('/channels');
  const keys = useList<KeyView>('/keys');
  const [made, setMade] = useState<KeyWithSecret | null>(null);
  const pictures = useQuery({ queryKey: ['feed', 'any'], queryFn: () => queryTasks({}, 0, 1) });
  if (!users.rows || !channels.rows || !keys.rows || !pictures.data) {
    return (
      <Page title={t('nav.start')}>
        <Skeleton shape="steps" />
      </Page>
    );
  }
  const steps = [
    users.rows.some((one) => one.has_password || one.linked),
    channels.rows.some((one) => one.provider !== 'sandbox'),
    keys.rows.filter((one) => !one.user && !one.revoked_at).length > 1,
    pictures.data.totalElements > 0,
  ];
  const done = steps.filter(Boolean).length;
  return (
    <Page title={t('nav.start')}>
      <p className="muted">{t('start.lead')}</p>
      <div
        className="progress"
        role="progressbar"
        aria-label={t('nav.start')}
        aria-valuenow={done}
        aria-valuemin={0}
        aria-valuemax={steps.length}
      >
        <div style={{ transform: `scaleX(${done / steps.length})` }} />
      </div>
      {done === steps.length && (
        <section className="card ready">
          <h2>{t('start.all')}</h2>
          <p>{t('start.allText')}</p>
          <div className="row">
            <Link href="/operations/accounts" className="button primary">
              {t('nav.accounts')}
            </Link>
            <Link href="/operations/queue" className="button plain">
              {t('nav.queue')}
            </Link>
            <a href="/docs" className="button plain">
              {t('nav.docs')}
            </a>
          </div>
        </section>
      )}
      <ol className="steps">
        <Step title={t('start.password')} text={t('start.passwordText')} done={steps[0]}>
          <PasswordStep />
        </Step>
        <Step title={t('start.channel')} text={t('start.channelText')} done={steps[1]}>
          <ChannelStep />
        </Step>
        <Step title={t('start.key')} text={t('start.keyText')} done={steps[2]}>
          <KeyStep onMade={setMade} />
        </Step>
        <Step title={t('start.picture')} text={t('start.pictureText')} done={steps[3]}>
          <p>
            <Link href="/?write=1" className="button primary">
              {t('nav.studio')}
            </Link>
          </p>
        </Step>
      </ol>
      {/* Not in its step: that is done, and gone, before the secret was read. */}
      {made && (
        <SecretDialog name={made.key.name} secret={made.secret} onClose={() => setMade(null)} />
      )}
    </Page>
  );
}

function Step(props: {
  title: string;
  text: string;
  done: boolean | undefined;
  children: ReactNode;
}) {
  const { t } = useLanguage();
  return (
    <li className={`card step ${props.done ? 'done' : ''}`}>
      <h2>
        {props.title}{' '}
        {props.done && (
          <span className="badge good">
            <Icon name="check" size={14} /> {t('start.done')}
          </span>
        )}
      </h2>
      <p>{props.text}</p>
      {!props.done && props.children}
    </li>
  );
}

function PasswordStep() {
  const { t } = useLanguage();
  const { me, may } = useSession();
  const change = useChange('/users');
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  if (!may('users') || !me) return <p className="muted">{t('start.ask')}</p>;
  const save = async () => {
    const body = { name: name.trim(), role: 'admin', account: me.key.account, password };
    await change('POST', '/users', body);
  };
  return (
    <form className="filters" onSubmit={(event) => event.preventDefault()}>
      <Field label={t('login.name')} autoComplete="username" value={name} onValue={setName} />
      <Field
        label={t('login.password')}
        type="password"
        autoComplete="new-password"
        value={password}
        onValue={setPassword}
      />
      <Button
        kind="primary"
        type="submit"
        disabled={!name.trim() || password.length < 10}
        onPress={save}
      >
        {t('start.setPassword')}
      </Button>
      <small className="wide">{t('user.passwordHint')}</small>
    </form>
  );
}

function ChannelStep() {
  const { t } = useLanguage();
  const { may } = useSession();
  const [open, setOpen] = useState(false);
  if (!may('channels')) return <p className="muted">{t('start.ask')}</p>;
  return (
    <>
      <p>
        <Button icon="plus" onPress={() => setOpen(true)}>
          {t('channel.new')}
        </Button>
      </p>
      {open && <ChannelForm channel={null} onClose={() => setOpen(false)} />}
    </>
  );
}

function KeyStep({ onMade }: { onMade: (made: KeyWithSecret) => void }) {
  const { t } = useLanguage();
  const { may } = useSession();
  const accounts = useList<AccountView>('/accounts');
  const [open, setOpen] = useState(false);
  if (!may('keys')) return <p className="muted">{t('start.ask')}</p>;
  return (
    <>
      <p>
        <Button icon="plus" onPress={() => setOpen(true)}>
          {t('key.new')}
        </Button>
      </p>
      {open && accounts.rows && (
        <KeyForm
          of={null}
          accounts={accounts.rows}
          onClose={() => setOpen(false)}
          onMade={(made) => {
            setOpen(false);
            onMade(made);
          }}
        />
      )}
    </>
  );
}
