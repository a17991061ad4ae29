import { useState } from 'react';
import type { ChannelView, Lane } from '../api/schema';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, Switch } from '../ui/field';
import { useChange } from './desk';

const LANES: readonly Lane[] = ['turbo', 'fast', 'relax'];
const PROVIDERS = ['sandbox', 'mjproxy', 'apimart', 'openai', 'sdwebui', 'comfyui', 'diffusers'];
const NUMBERS = [
  ['core_size', 'channel.core', 3],
  ['queue_size', 'channel.queue', 10],
  ['timeout_s', 'channel.timeout', 300],
  ['weight', 'channel.weight', 1],
  ['priority', 'channel.priority', 0],
] as const;
type NumberName = (typeof NUMBERS)[number][0];

/** Returns the options of the text; raises an error with this message for another thing. */
function readOptions(text: string, message: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text || '{}');
    if (found && typeof found === 'object' && !Array.isArray(found)) {
      return found as Record<string, unknown>;
    }
  } catch {
    // Told below, like JSON of another kind.
  }
  throw new Error(message);
}

/** Creates a channel, or changes one. */
export function ChannelForm({
  channel,
  onClose,
}: {
  channel: ChannelView | null;
  onClose: () => void;
}) {
  const { t } = useLanguage();
  const change = useChange('/channels', 'queue');
  const [text, setText] = useState({
    name: channel?.name ?? '',
    provider: channel?.provider ?? 'mjproxy',
    base_url: channel?.base_url ?? '',
    remark: channel?.remark ?? '',
    secret: '',
    options: channel ? JSON.stringify(channel.options, null, 1) : '{}',
  });
  const [numbers, setNumbers] = useState(
    () =>
      Object.fromEntries(
        NUMBERS.map(([name, , usual]) => [name, String(channel?.[name] ?? usual)]),
      ) as Record<NumberName, string>,
  );
  const [lanes, setLanes] = useState<Lane[]>(channel?.lanes ?? [...LANES]);
  const [enabled, setEnabled] = useState(channel?.enabled ?? true);
  const [paused, setPaused] = useState(channel?.paused ?? false);
  const set = (name: keyof typeof text) => (value: string) =>
    setText((now) => ({ ...now, [name]: value }));

  const save = async () => {
    const { provider, secret, options, ...rest } = text;
    const body = {
      ...rest,
      ...Object.fromEntries(NUMBERS.map(([name]) => [name, Number(numbers[name])])),
      ...(channel ? {} : { provider }),
      options: {
        ...readOptions(options, t('channel.badOptions')),
        ...(secret ? { secret } : {}),
      },
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
      <Field
        label={t('channel.provider')}
        list="providers"
        disabled={Boolean(channel)}
        value={text.provider}
        onValue={set('provider')}
      />
      <datalist id="providers">
        {PROVIDERS.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <Field
        label={t('channel.url')}
        type="url"
        placeholder="https://…"
        value={text.base_url}
        onValue={set('base_url')}
      />
      <Field
        label={t('channel.secret')}
        type="password"
        autoComplete="new-password"
        hint={t('channel.secretHint')}
        value={text.secret}
        onValue={set('secret')}
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
      <label className="stack">
        <span>{t('channel.options')}</span>
        <textarea
          rows={4}
          className="mono"
          spellCheck={false}
          value={text.options}
          onChange={(event) => set('options')(event.target.value)}
        />
      </label>
      <Switch
        label={t('account.enabled')}
        hint={t('channel.enabledHint')}
        on={enabled}
        onTurn={setEnabled}
      />
      <Switch
        label={t('channel.paused')}
        hint={t('channel.pausedHint')}
        on={paused}
        onTurn={setPaused}
      />
    </Dialog>
  );
}
