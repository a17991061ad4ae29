import { useState } from 'react';
import type { ChannelView } from '../api/schema';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button, IconButton } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Badge, Page } from '../ui/page';
import type { Column } from '../ui/table';
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
  const [removing, setRemoving] = useState<ChannelView | null>(null);
  const writes = may('channels');
  const columns: Column<ChannelView>[] = [
    {
      name: t('account.name'),
      width: 'minmax(0, 2fr)',
      cell: (one) => (
        <>
          <strong>{one.name}</strong> <small>{one.remark}</small>
        </>
      ),
    },
    { name: t('channel.provider'), width: '7rem', cell: (one) => one.provider },
    { name: t('channel.lanes'), width: '9rem', cell: (one) => one.lanes.join(', ') },
    {
      name: t('channel.load'),
      width: 'minmax(0, 1.2fr)',
      cell: (one) =>
        t('queue.load', { running: one.running, core: one.core_size, waiting: one.waiting }),
    },
    {
      name: t('queue.status'),
      width: '7rem',
      cell: (one) => (
        <Badge tone={!one.enabled ? 'bad' : one.paused ? 'wait' : 'good'}>
          {t(!one.enabled ? 'account.disabled' : one.paused ? 'channel.paused' : 'account.enabled')}
        </Badge>
      ),
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
            {t(one.enabled ? 'account.disable' : 'account.enable')}
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
