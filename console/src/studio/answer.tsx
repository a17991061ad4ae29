import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { cancelTask, fetchTask, here, submit, type Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Fault } from '../ui/fault';
import { DialogSkeleton } from '../ui/dialog-skeleton';
import { parentPicture } from './lineage';
import { MaskPainter } from './mask/lazy-painter';

interface Props {
  task: Task;
  onClose: () => void;
  onAnswered: () => void;
}

function fact(task: Task, name: string): string {
  const value: unknown = (task.properties as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : '';
}

/** Asks what a button wants to know (code 21): a prompt, a zoom or a mask. */
export default function Answer({ task, onClose, onAnswered }: Props) {
  const dialog = fact(task, 'modalCustomId');
  const send = async (body: { prompt?: string; maskBase64?: string }) => {
    await submit('/mj/submit/modal', { taskId: task.id, ...body });
    onAnswered();
    onClose();
  };
  const giveUp = async () => {
    await cancelTask(task.id);
    onAnswered();
    onClose();
  };
  if (dialog.includes('Inpaint')) {
    return <Region task={task} onSend={send} onGiveUp={giveUp} onClose={onClose} />;
  }
  const zooms = dialog.includes('CustomZoom');
  return <Words task={task} zooms={zooms} onSend={send} onGiveUp={giveUp} onClose={onClose} />;
}

interface Asked {
  task: Task;
  onSend: (body: { prompt?: string; maskBase64?: string }) => Promise<void>;
  onGiveUp: () => Promise<void>;
  onClose: () => void;
}

const ZOOM = /\s*--zoom\s+([\d.]+)/;

function Words({ task, zooms, onSend, onGiveUp, onClose }: Asked & { zooms: boolean }) {
  const { t } = useLanguage();
  const first = fact(task, 'finalPrompt') || task.promptEn;
  const [prompt, setPrompt] = useState(first);
  const zoom = Number(ZOOM.exec(prompt)?.[1] ?? 2);
  const setZoom = (value: string) =>
    setPrompt((now) => `${now.replace(ZOOM, '').trim()} --zoom ${Number(value)}`);
  return (
    <Dialog
      title={t(zooms ? 'dialog.zoom' : 'dialog.prompt')}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onGiveUp}>{t('dialog.leave')}</Button>
          <Button kind="primary" onPress={() => onSend({ prompt })}>
            {t('do.submit')}
          </Button>
        </>
      }
    >
      {zooms && (
        <label className="stack">
          <span>{t('dialog.zoomFactor', { factor: zoom })}</span>
          <input
            type="range"
            min="1"
            max="2"
            step="0.05"
            value={zoom}
            onChange={(event) => setZoom(event.target.value)}
          />
        </label>
      )}
      <label className="stack">
        <span>{t('prompt.label')}</span>
        <textarea rows={5} value={prompt} onChange={(event) => setPrompt(event.target.value)} />
      </label>
      <small>{t('dialog.later')}</small>
    </Dialog>
  );
}

function Region({ task, onSend, onGiveUp, onClose }: Asked) {
  const { t } = useLanguage();
  const [prompt, setPrompt] = useState(fact(task, 'finalPrompt') || task.promptEn);
  const parent = useQuery({
    queryKey: ['task', task.parentId],
    queryFn: () => fetchTask(task.parentId ?? ''),
    enabled: Boolean(task.parentId),
  });
  const picture = parent.data && parentPicture(task, parent.data);
  if (parent.error) {
    return (
      <Dialog title={t('mask.title')} onClose={onClose}>
        <Fault error={parent.error} retry={() => void parent.refetch()} />
      </Dialog>
    );
  }
  if (!picture) return <DialogSkeleton onClose={onClose} />;
  return (
    <MaskPainter
      picture={here(picture)}
      label={t('do.submit')}
      onMask={(maskBase64) => onSend({ maskBase64, prompt })}
      onClose={onClose}
      extra={
        <>
          <Button onPress={onGiveUp}>{t('dialog.leave')}</Button>
          <label className="mask-prompt">
            <span className="unseen">{t('prompt.label')}</span>
            <input value={prompt} onChange={(event) => setPrompt(event.target.value)} />
          </label>
        </>
      }
    />
  );
}
