import { useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { fetchTask, here, type Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { Button, IconButton } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { useKeys } from '../ui/focus';
import { parentPicture } from './lineage';
import './lightbox.css';
import { files, saveAll, saveOne } from './save';

interface Props {
  task: Task;
  index: number;
  onClose: () => void;
}

/** One picture as large as the screen, beside the others of its task. */
export default function Lightbox({ task, index, onClose }: Props) {
  const { t } = useLanguage();
  const shown = files(task);
  const [at, setAt] = useState(index);
  const [comparing, setComparing] = useState(false);
  const parent = useQuery({
    queryKey: ['task', task.parentId],
    queryFn: () => fetchTask(task.parentId ?? ''),
    enabled: Boolean(task.parentId),
  });
  const before = parent.data && parentPicture(task, parent.data);
  const step = useCallback(
    (by: number) => setAt((now) => (now + by + shown.length) % shown.length),
    [shown.length],
  );
  useKeys(
    useCallback(
      (event: KeyboardEvent) => {
        if (event.target instanceof HTMLInputElement || shown.length < 2) return;
        if (event.key === 'ArrowLeft') step(-1);
        if (event.key === 'ArrowRight') step(1);
      },
      [step, shown.length],
    ),
  );
  const link = shown[at];
  if (!link) return null;
  const isVideo = task.videoUrls.length > 0;
  return (
    <Dialog title={task.prompt || t('view.title')} kind="full" onClose={onClose}>
      <div className="row lightbox-tools">
        {shown.length > 1 && (
          <>
            <IconButton label={t('view.previous')} icon="left" onPress={() => step(-1)} />
            <span>
              {at + 1} / {shown.length}
            </span>
            <IconButton label={t('view.next')} icon="right" onPress={() => step(1)} />
          </>
        )}
        {before && !isVideo && (
          <IconButton
            label={t('view.compare')}
            icon="compare"
            aria-pressed={comparing}
            onPress={() => setComparing(!comparing)}
          />
        )}
        <Button kind="ghost" icon="download" onPress={() => saveOne(task, at)}>
          {t('do.download')}
        </Button>
        {shown.length > 1 && (
          <Button kind="ghost" icon="download" onPress={() => saveAll(task)}>
            {t('view.all')}
          </Button>
        )}
      </div>
      {isVideo ? (
        <video className="lightbox-picture" src={link} controls autoPlay loop muted playsInline />
      ) : comparing && before ? (
        <Compare before={here(before)} after={link} alt={task.prompt} />
      ) : (
        <img className="lightbox-picture" src={link} alt={task.prompt} />
      )}
    </Dialog>
  );
}

/** Two pictures in one place, with a line between them that moves. */
function Compare({ before, after, alt }: { before: string; after: string; alt: string }) {
  const { t } = useLanguage();
  const [place, setPlace] = useState(50);
  return (
    <div className="compare">
      <div className="compare-layers">
        <img src={before} alt="" />
        <img src={after} alt={alt} style={{ clipPath: `inset(0 0 0 ${place}%)` }} />
        <span style={{ left: `${place}%` }} />
        <input
          type="range"
          aria-label={t('view.position')}
          min="0"
          max="100"
          value={place}
          onChange={(event) => setPlace(Number(event.target.value))}
        />
      </div>
    </div>
  );
}
