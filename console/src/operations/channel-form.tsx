import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/client';
import type { ChannelView, Lane, ProviderView } from '../api/schema';
import { ADMIN } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, Select, Switch } from '../ui/field';
import { mergedOptions, otherOptions, readObject } from './channel-options';
import { useChange } from './desk';
import { OptionFields } from './option-fields';
import { aboutProvider, titleOf } from './provider-words';

const LANES: readonly Lane[] = ['turbo', 'fast', 'relax'];
const NUMBERS = [
  ['core_size', 'channel.core', 3],
  ['queue_size', 'channel.queue', 10],
  ['timeout_s', 'channel.timeout', 300],
  ['weight', 'channel.weight', 1],
  ['priority', 'channel.priority', 0],
] as const;
type NumberName = (typeof NUMBERS)[number][0];

interface Props {
  channel: ChannelView | null;
  onClose: () => void;
}

/** Creates a channel, or changes one. */
export function ChannelForm({ channel, onClose }: Props) {
  const { t, language } = useLanguage();
  const change = useChange('/channels', 'queue');
  const [text, setText] = useState({
    name: channel?.name ?? '',
    provider: channel?.provider ?? 'mjproxy',
    base_url: channel?.base_url ?? '',
    remark: channel?.remark ?? '',
  });
  const stored = channel?.options ?? {};
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [numbers, setNumbers] = useState(
    () =>
      Object.fromEntries(
        NUMBERS.map(([name, , usual]) => [name, String(channel?.[name] ?? usual)]),
      ) as Record<NumberName, string>,
  );
  const [lanes, setLanes] = useState<Lane[]>(channel?.lanes ?? [...LANES]);
  const [enabled, setEnabled] = useState(channel?.enabled ?? true);
  const [paused, setPaused] = useState(channel?.paused ?? false);
  const providers = useQuery({
    queryKey: ['providers'],
    queryFn: () => call<ProviderView[]>('GET', `${ADMIN}/providers`),
    staleTime: Infinity,
  });
  const provider = providers.data?.find((one) => one.name === text.provider);
  const declared = provider?.options.map((one) => one.name) ?? [];
  const [others, setOthers] = useState<string | null>(null);
  const shownOthers = others ?? otherOptions(stored, declared);
  const set = (name: keyof typeof text) => (value: string) =>
    setText((now) => ({ ...now, [name]: value }));

  const save = async () => {
    const { provider, ...rest } = text;
    const odd = readObject(shownOthers);
    if (!odd) throw new Error(t('channel.badOptions'));
    const known = Object.entries(stored).filter(([name]) => declared.includes(name));
    const body = {
      ...rest,
      ...Object.fromEntries(NUMBERS.map(([name]) => [name, Number(numbers[name])])),
      ...(channel ? {} : { provider }),
      options: mergedOptions(Object.fromEntries(known), typed, odd),
      lanes,
      enabled,
      paused,
    };
    await (channel
      ? change('PATCH', `/channels/${channel.id}`, body)
      : change('POST', '/channels', body));
    onClose();
  };
  return (
    <Dialog
      title={t(channel ? 'channel.edit' : 'channel.new')}
      kind="side"
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t('do.cancel')}</Button>
          <Button kind="primary" onPress={save}>
            {t(channel ? 'do.save' : 'do.create')}
          </Button>
        </>
      }
    >
      <Field label={t('account.name')} required value={text.name} onValue={set('name')} />
      <Select
        label={t('channel.provider')}
        hint={(provider && aboutProvider(provider, language)) ?? ''}
        disabled={Boolean(channel)}
        value={text.provider}
        options={
          providers.data?.map((one) => [one.name, titleOf(one, language)] as const) ?? [
            [text.provider, text.provider],
          ]
        }
        onValue={(value) => {
          set('provider')(value);
          setTyped({});
        }}
      />
      <Field
        label={t('channel.url')}
        type="url"
        optional={!provider?.needs_base_url}
        placeholder="https://…"
        value={text.base_url}
        onValue={set('base_url')}
      />
      <OptionFields
        options={provider?.options ?? []}
        provider={text.provider}
        stored={stored}
        typed={typed}
        onTyped={(name, value) => setTyped((now) => ({ ...now, [name]: value }))}
      />
      <fieldset>
        <legend>{t('channel.lanes')}</legend>
        {LANES.map((lane) => (
          <label key={lane} className="check">
            <input
              type="checkbox"
              checked={lanes.includes(lane)}
              onChange={(event) =>
                setLanes(
                  event.target.checked ? [...lanes, lane] : lanes.filter((one) => one !== lane),
                )
              }
            />
            {t(`speed.${lane}`)}
          </label>
        ))}
      </fieldset>
      <div className="fields">
        {NUMBERS.map(([name, word]) => (
          <Field
            key={name}
            label={t(word)}
            type="number"
            value={numbers[name]}
            onValue={(value) => setNumbers((now) => ({ ...now, [name]: value }))}
          />
        ))}
      </div>
      <Field label={t('channel.remark')} optional value={text.remark} onValue={set('remark')} />
      <details open={Boolean(shownOthers)}>
        <summary>{t('channel.options')}</summary>
        <textarea
          rows={4}
          className="mono"
          spellCheck={false}
          aria-label={t('channel.options')}
          placeholder="{}"
          value={shownOthers}
          onChange={(event) => setOthers(event.target.value)}
        />
      </details>
      <Switch
        label={t('account.enabled')}
        hint={t('channel.enabledHint')}
        on={enabled}
        onTurn={setEnabled}
      />
      <Switch
        label={t('channel.pausedSwitch')}
        hint={t('channel.pausedHint')}
        on={paused}
        onTurn={setPaused}
      />
    </Dialog>
  );
}
