import { useEffect, useState } from 'react';
import { here, isFinal, percent, thumbnail, type Task } from '../api/midjourney';
import { useLanguage } from '../i18n/language';
import { Icon } from '../ui/icon';
import { useActions } from './actions';
import { RichText } from './rich-text';

const THUMBNAIL = 512;

/** What a task shows: tiles, a picture, clips, a text, or the picture while it is painted. */
export function TaskPicture({ task }: { task: Task }) {
  if (!isFinal(task)) return <Painting task={task} />;
  if (task.videoUrls.length) return <Clips task={task} />;
  const text = ['DESCRIBE', 'SHORTEN'].includes(task.action) ? finalText(task) : '';
  return (
    <>
      <Tiles task={task} />
      {text && <RichText text={text} />}
    </>
  );
}

function finalText(task: Task): string {
  const value: unknown = (task.properties as Record<string, unknown>)['finalPrompt'];
  return task.status === 'SUCCESS' && typeof value === 'string' ? value : '';
}

function Tiles({ task }: { task: Task }) {
  const { t } = useLanguage();
  const { view } = useActions();
  if (!task.imageUrls.length) return null;
  const single = task.imageUrls.length === 1;
  // Room is kept before the pictures are there, so that nothing jumps.
  const shape =
    task.imageWidth && task.imageHeight ? `${task.imageWidth} / ${task.imageHeight}` : '1';
  return (
    <div className={`tiles ${single ? 'single' : ''}`} style={{ aspectRatio: shape }}>
      {task.imageUrls.map((one, index) => (
        <button key={one.url} type="button" className="bare" onClick={() => view(task, index)}>
          <img
            src={thumbnail(one.url, single ? 768 : THUMBNAIL)}
            loading="lazy"
            decoding="async"
            alt={t('task.open', { n: index + 1, prompt: task.prompt })}
          />
        </button>
      ))}
    </div>
  );
}

function Clips({ task }: { task: Task }) {
  return (
    <div className={`clips ${task.videoUrls.length === 1 ? 'single' : ''}`}>
      {task.videoUrls.map((one) => (
        <video
          key={one.url}
          src={here(one.url)}
          poster={one.thumbnail ? here(one.thumbnail) : undefined}
          controls
          loop
          muted
          playsInline
          preload="metadata"
          aria-label={task.prompt}
        />
      ))}
    </div>
  );
}

/** The partial picture, which sharpens; each new one is shown when it is there. */
function Painting({ task }: { task: Task }) {
  const [shown, setShown] = useState('');
  const next = task.imageUrl ? here(task.imageUrl) : '';
  useEffect(() => {
    if (!next) return undefined;
    const image = new Image();
    image.onload = () => setShown(next);
    image.src = next;
    return () => {
      image.onload = null;
    };
  }, [next]);
  const blur = Math.round((100 - percent(task)) / 12);
  return (
    <div className="painting" style={{ aspectRatio: aspect(task) }}>
      {shown ? (
        <img src={shown} alt="" style={{ filter: `blur(${blur}px)` }} />
      ) : (
        <Icon name="image" size={32} />
      )}
    </div>
  );
}

/** The shape that a prompt asks for, before there is a picture to measure. */
function aspect(task: Task): string {
  const found = /(?:--|—)(?:ar|aspect)\s+(\d+):(\d+)/i.exec(task.promptEn);
  return found ? `${found[1] ?? 1} / ${found[2] ?? 1}` : '1';
}
