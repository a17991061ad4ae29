import { useState } from 'react';
import type { ChannelView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { sayServer } from '../i18n/words';
import { Button, IconButton } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Page } from '../ui/page';
import type { Column } from '../ui/table';
import { ChannelDetail, ChannelState } from './channel-detail';
import { ChannelForm } from './channel-form';
import { useChange, useList } from './desk';
import { Listing } from './listing';

/** Configured backends. */
export default function Channels() {
  const { t } = useLanguage();
  const { may } = useSession();
  const list = useList<ChannelView>('/channels', {}, 3000);
  const change = useChange('/channels');
  const [editing, setEditing] = useState<ChannelView | 'new' | null>(null);
  const [opened, setOpened] = useState('');
  const shown = list.rows?.find((one) => one.id === opened);
  const [removing, setRemoving] = useState<ChannelView | null>(null);
  const writes = may('channels');
  const columns: Column<ChannelView>[] = [
    {
      name: t('account.name'),
      width: 'minmax(0, 2fr)',
      cell: (one) => (
        <>
          <button type="button" className="link" onClick={() => setOpened(one.id)}>
            <strong>{one.name}</strong>
          </button>{' '}
          <small>{sayServer(one.remark, t)}</small>
        </>
      ),
    },
    { name: t('channel.provider'), width: '7rem', cell: (one) => one.provider },
    {
      name: t('channel.lanes'),
      width: '9rem',
      cell: (one) => one.lanes.map((lane) => t(`speed.${lane}`)).join(', '),
    },
    {
      name: t('channel.load'),
      width: 'minmax(0, 1.5fr)',
      cell: (one) =>
        t('queue.load', { running: one.running, core: one.core_size, waiting: one.waiting }),
    },
    {
      name: t('queue.status'),
      width: '9rem',
      cell: (one) => <ChannelState channel={one} />,
    },
  ];
  if (writes) {
    columns.push({
      name: '',
      width: '13.5rem',
      align: 'end',
      cell: (one) => (
        <div className="row">
          <IconButton
            label={t(one.paused ? 'channel.resume' : 'channel.pause')}
            icon={one.paused ? 'play' : 'pause'}
            onPress={() => change('PATCH', `/channels/${one.id}`, { paused: !one.paused })}
          />
          <Button
            className="small"
            onPress={() => change('PATCH', `/channels/${one.id}`, { enabled: !one.enabled })}
          >
            {t(one.enabled ? 'channel.drain' : 'account.enable')}
          </Button>
          <IconButton label={t('do.edit')} icon="studio" onPress={() => setEditing(one)} />
          <IconButton label={t('do.delete')} icon="close" onPress={() => setRemoving(one)} />
        </div>
      ),
    });
  }
  const create = writes && (
    <Button kind="primary" icon="plus" onPress={() => setEditing('new')}>
      {t('channel.new')}
    </Button>
  );
  return (
    <Page title={t('nav.channels')} actions={create}>
      <Listing
        label={t('nav.channels')}
        icon="channels"
        empty={t('channel.none')}
        emptyHint={t('channel.noneText')}
        list={list}
        columns={columns}
        keyOf={(one) => one.id}
      />
      {editing && (
        <ChannelForm
          channel={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
        />
      )}
      {shown && <ChannelDetail channel={shown} onClose={() => setOpened('')} />}
      {removing && (
        <ConfirmDialog
          title={t('do.delete')}
          text={t('channel.removeText', { name: removing.name })}
          label={t('do.delete')}
          onConfirm={() => change('DELETE', `/channels/${removing.id}`)}
          onClose={() => setRemoving(null)}
        />
      )}
    </Page>
  );
}
