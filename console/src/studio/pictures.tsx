import { useCallback, useEffect, useId, useState, type DragEvent } from 'react';
import { useLanguage } from '../i18n/language';
import { Icon } from '../ui/icon';
import { useToast } from '../ui/toast';
import { readFile } from './read-file';

interface Props {
  label: string;
  hint: string;
  pictures: string[];
  most: number;
  onPictures: (pictures: string[]) => void;
  /** Whether pictures that are pasted anywhere on the page come here. */
  takesPaste?: boolean;
  compact?: boolean;
}

/** Returns what adds files to a list of pictures, and says why it takes one not. */
export function useAddFiles(pictures: string[], most: number, onPictures: (all: string[]) => void) {
  const { t } = useLanguage();
  const { tellError } = useToast();
  return useCallback(
    async (files: Iterable<File>) => {
      const added: string[] = [];
      for (const file of files) {
        if (!file.type.startsWith('image/')) {
          tellError(new Error(t('pictures.notPicture', { name: file.name })));
        } else if (most > 1 && pictures.length + added.length >= most) {
          tellError(new Error(t('pictures.tooMany', { most })));
          break;
        } else {
          const read = await readFile(file).catch(() => null);
          if (read) added.push(read);
          else tellError(new Error(t('pictures.unreadable', { name: file.name })));
        }
      }
      if (added.length) onPictures(most === 1 ? added.slice(-1) : [...pictures, ...added]);
    },
    [pictures, most, onPictures, t, tellError],
  );
}

/** Takes pictures by drop, paste or file, and shows them. */
export function PictureInput(props: Props) {
  const { label, hint, pictures, most, onPictures, takesPaste = false, compact = false } = props;
  const { t } = useLanguage();
  const id = useId();
  const [over, setOver] = useState(false);
  const add = useAddFiles(pictures, most, onPictures);

  useEffect(() => {
    if (!takesPaste) return undefined;
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length && !document.querySelector('dialog[open]')) {
        event.preventDefault();
        void add(files);
      }
    };
    window.addEventListener('paste', paste);
    return () => window.removeEventListener('paste', paste);
  }, [takesPaste, add]);

  const drop = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(false);
    void add(event.dataTransfer.files);
  };
  return (
    <div
      className={`pictures ${over ? 'over' : ''} ${compact ? 'compact' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {pictures.map((picture, index) => (
        <figure key={picture.slice(-60) + String(index)}>
          <img src={picture} alt={t('pictures.alt', { n: index + 1 })} />
          <button
            type="button"
            aria-label={t('pictures.remove', { n: index + 1 })}
            onClick={() => onPictures(pictures.filter((_, at) => at !== index))}
          >
            <Icon name="close" size={14} />
          </button>
        </figure>
      ))}
      {pictures.length < most && (
        <label htmlFor={id}>
          <Icon name="image" />
          <span>{label}</span>
          {!compact && <small>{hint}</small>}
          <input
            id={id}
            type="file"
            accept="image/*"
            multiple={most > 1}
            className="unseen"
            onChange={(event) => {
              void add([...(event.target.files ?? [])]);
              event.target.value = '';
            }}
          />
        </label>
      )}
    </div>
  );
}
