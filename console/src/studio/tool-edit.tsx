import { useState } from 'react';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Field, Switch } from '../ui/field';
import { useActions } from './actions';
import { MaskPainter } from './mask/lazy-painter';
import { OnePicture, Send } from './tool-parts';

/** A picture is changed where a mask says, or gets another surface. */
export function Edit() {
  const { t } = useLanguage();
  const { make } = useActions();
  const [pictures, setPictures] = useState<string[]>([]);
  const [prompt, setPrompt] = useState('');
  const [mask, setMask] = useState('');
  const [painting, setPainting] = useState(false);
  const [retexture, setRetexture] = useState(false);
  const picture = pictures[0];
  const choose = (chosen: string[]) => {
    setPictures(chosen);
    setMask('');
  };
  return (
    <>
      <OnePicture label={t('pictures.one')} pictures={pictures} onPictures={choose} takesPaste />
      <Field label={t('edit.prompt')} value={prompt} onValue={setPrompt} />
      <Switch label={t('edit.retexture')} on={retexture} onTurn={setRetexture} />
      <div className="row spread">
        <Button
          icon="brush"
          disabled={!picture || retexture}
          aria-pressed={Boolean(mask)}
          onPress={() => setPainting(true)}
        >
          {t(mask ? 'edit.masked' : 'edit.mask')}
        </Button>
        <Send
          priced={retexture ? 'retexture' : 'edits'}
          disabled={!picture || !prompt.trim()}
          onSend={async () => {
            const path = `/mj/submit/${retexture ? 'retexture' : 'edits'}`;
            const body = {
              prompt,
              image: picture,
              ...(mask && !retexture ? { maskBase64: mask } : {}),
            };
            await make({ path, body, prompt, action: retexture ? 'RETEXTURE' : 'EDITS' });
            choose([]);
            setPrompt('');
          }}
        />
      </div>
      {painting && picture && (
        <MaskPainter
          picture={picture}
          label={t('mask.use')}
          onClose={() => setPainting(false)}
          onMask={(painted) => {
            setMask(painted);
            setPainting(false);
          }}
        />
      )}
    </>
  );
}
