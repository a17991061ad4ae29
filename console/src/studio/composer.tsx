import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { useToast } from '../ui/toast';
import { useActions } from './actions';
import { Chips } from './chips';
import { PictureInput, useAddFiles } from './pictures';
import { priceOf } from './price';
import { usePrices } from './use-prices';

const MOST_PICTURES = 5;

interface Props {
  prompt: string;
  onPrompt: (prompt: string) => void;
}

/** The prompt with its flags and pictures. */
export function Composer({ prompt, onPrompt }: Props) {
  const { t } = useLanguage();
  const { make } = useActions();
  const { tellError } = useToast();
  const [pictures, setPictures] = useState<string[]>([]);
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const area = useRef<HTMLTextAreaElement>(null);
  const add = useAddFiles(pictures, MOST_PICTURES, setPictures);
  const price = priceOf(usePrices(), 'imagine', prompt);
  const empty = !prompt.trim() && !pictures.length;

  useEffect(() => {
    if (!search.has('write')) return;
    area.current?.focus();
    go('/', { replace: true });
  }, [search, go]);

  const imagine = async () => {
    if (empty) return;
    const sent = { prompt: prompt.trim(), pictures };
    onPrompt('');
    setPictures([]);
    try {
      const body = {
        prompt: sent.prompt,
        ...(sent.pictures.length ? { base64Array: sent.pictures } : {}),
      };
      await make({ path: '/mj/submit/imagine', body, prompt: sent.prompt, action: 'IMAGINE' });
    } catch (error) {
      // What was written must not be lost to a refusal.
      onPrompt(sent.prompt);
      setPictures(sent.pictures);
      tellError(error);
    }
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      void imagine();
    }
  };
  return (
    <div
      className="composer"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void add(event.dataTransfer.files);
      }}
    >
      <textarea
        ref={area}
        data-slash
        rows={2}
        aria-label={t('prompt.label')}
        placeholder={t('prompt.placeholder')}
        value={prompt}
        onChange={(event) => onPrompt(event.target.value)}
        onKeyDown={press}
      />
      <Chips prompt={prompt} onPrompt={onPrompt} />
      <div className="row spread">
        <PictureInput
          label={t('pictures.add')}
          hint={t('pictures.drop')}
          pictures={pictures}
          most={MOST_PICTURES}
          onPictures={setPictures}
          takesPaste
          compact
        />
        <div className="row composer-actions">
          {price && <small>{t('prompt.price', { price })}</small>}
          <Button
            disabled={!prompt.trim()}
            onPress={() =>
              make({ path: '/mj/submit/shorten', body: { prompt }, prompt, action: 'SHORTEN' })
            }
          >
            {t('prompt.shorten')}
          </Button>
          <Button kind="primary" icon="studio" disabled={empty} onPress={imagine}>
            {t('prompt.submit')}
          </Button>
        </div>
      </div>
    </div>
  );
}
