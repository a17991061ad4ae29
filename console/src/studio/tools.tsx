import { lazy, Suspense, useState } from 'react';
import { useLanguage } from '../i18n/language';
import { Button } from '../ui/button';
import { Field, Segments, Switch } from '../ui/field';
import { useActions } from './actions';
import { PictureInput } from './pictures';
import { priceOf } from './price';
import { usePrices } from './use-prices';

const MaskPainter = lazy(() => import('./mask/painter'));

export type ToolName = 'blend' | 'describe' | 'edit' | 'video' | 'swap';

/** The tool of that name. */
export default function ToolForm({ tool }: { tool: ToolName }) {
  const Form = { blend: Blend, describe: Describe, edit: Edit, video: Video, swap: Swap }[tool];
  return (
    <div className="composer">
      <Form key={tool} />
    </div>
  );
}

function Send(props: { priced: string; disabled: boolean; onSend: () => Promise<unknown> }) {
  const { t } = useLanguage();
  const price = priceOf(usePrices(), props.priced);
  return (
    <div className="row send">
      {price && <small>{t('prompt.price', { price })}</small>}
      <Button kind="primary" disabled={props.disabled} onPress={props.onSend}>
        {t('do.submit')}
      </Button>
    </div>
  );
}

function Blend() {
  const { t } = useLanguage();
  const { make } = useActions();
  const [pictures, setPictures] = useState<string[]>([]);
  const [dimensions, setDimensions] = useState<'SQUARE' | 'PORTRAIT' | 'LANDSCAPE'>('SQUARE');
  return (
    <>
      <PictureInput
        label={t('pictures.add')}
        hint={t('pictures.dropMany', { least: 2, most: 5 })}
        pictures={pictures}
        most={5}
        onPictures={setPictures}
        takesPaste
      />
      <div className="row spread">
        <Segments
          label={t('blend.dimensions')}
          value={dimensions}
          options={[
            ['SQUARE', t('blend.SQUARE')],
            ['PORTRAIT', t('blend.PORTRAIT')],
            ['LANDSCAPE', t('blend.LANDSCAPE')],
          ]}
          onValue={setDimensions}
        />
        <Send
          priced="blend"
          disabled={pictures.length < 2}
          onSend={async () => {
            const body = { base64Array: pictures, dimensions };
            await make({ path: '/mj/submit/blend', body, prompt: '', action: 'BLEND' });
            setPictures([]);
          }}
        />
      </div>
    </>
  );
}

function Describe() {
  const { t } = useLanguage();
  const { make } = useActions();
  const [pictures, setPictures] = useState<string[]>([]);
  return (
    <>
      <PictureInput
        label={t('pictures.one')}
        hint={t('pictures.drop')}
        pictures={pictures}
        most={1}
        onPictures={setPictures}
        takesPaste
      />
      <Send
        priced="describe"
        disabled={!pictures.length}
        onSend={async () => {
          const body = { base64: pictures[0] };
          await make({ path: '/mj/submit/describe', body, prompt: '', action: 'DESCRIBE' });
          setPictures([]);
        }}
      />
    </>
  );
}

function Edit() {
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
      <PictureInput
        label={t('pictures.one')}
        hint={t('pictures.drop')}
        pictures={pictures}
        most={1}
        onPictures={choose}
        takesPaste
      />
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
        <Suspense fallback={null}>
          <MaskPainter
            picture={picture}
            label={t('mask.use')}
            onClose={() => setPainting(false)}
            onMask={(painted) => {
              setMask(painted);
              setPainting(false);
            }}
          />
        </Suspense>
      )}
    </>
  );
}

function Video() {
  const { t } = useLanguage();
  const { make } = useActions();
  const [first, setFirst] = useState<string[]>([]);
  const [last, setLast] = useState<string[]>([]);
  const [prompt, setPrompt] = useState('');
  const [motion, setMotion] = useState<'low' | 'high'>('low');
  const [size, setSize] = useState<'480' | '720'>('480');
  const [clips, setClips] = useState<'1' | '2' | '4'>('1');
  const [loop, setLoop] = useState(false);
  const send = async () => {
    const body = {
      prompt,
      motion,
      loop,
      image: first[0],
      batchSize: Number(clips),
      videoType: `vid_1.1_i2v_${size}`,
      ...(last[0] && !loop ? { endImage: last[0] } : {}),
    };
    await make({ path: '/mj/submit/video', body, prompt, action: 'VIDEO' });
    setFirst([]);
    setLast([]);
    setPrompt('');
  };
  return (
    <>
      <div className="fields">
        <PictureInput
          label={t('video.start')}
          hint={t('pictures.drop')}
          pictures={first}
          most={1}
          onPictures={setFirst}
          takesPaste
        />
        {!loop && (
          <PictureInput
            label={t('video.end')}
            hint={t('field.optional')}
            pictures={last}
            most={1}
            onPictures={setLast}
          />
        )}
      </div>
      <Field label={t('video.prompt')} optional value={prompt} onValue={setPrompt} />
      <div className="row spread">
        <div className="row">
          <Segments
            label={t('video.motion')}
            value={motion}
            options={[
              ['low', `${t('video.motion')}: ${t('video.low')}`],
              ['high', t('video.high')],
            ]}
            onValue={setMotion}
          />
          <Segments
            label={t('video.size')}
            value={size}
            options={[
              ['480', '480p'],
              ['720', '720p'],
            ]}
            onValue={setSize}
          />
          <Segments
            label={t('video.batch')}
            value={clips}
            options={[
              ['1', '1'],
              ['2', '2'],
              ['4', '4'],
            ]}
            onValue={setClips}
          />
          <Switch label={t('video.loop')} on={loop} onTurn={setLoop} />
        </div>
        <Send
          priced={size === '720' ? 'video-720p' : 'video'}
          disabled={!first.length}
          onSend={send}
        />
      </div>
    </>
  );
}

function Swap() {
  const { t } = useLanguage();
  const { make } = useActions();
  const [source, setSource] = useState<string[]>([]);
  const [target, setTarget] = useState<string[]>([]);
  return (
    <>
      <div className="fields">
        <PictureInput
          label={t('swap.source')}
          hint={t('pictures.drop')}
          pictures={source}
          most={1}
          onPictures={setSource}
        />
        <PictureInput
          label={t('swap.target')}
          hint={t('pictures.drop')}
          pictures={target}
          most={1}
          onPictures={setTarget}
        />
      </div>
      <Send
        priced="swap_face"
        disabled={!source.length || !target.length}
        onSend={async () => {
          const body = { sourceBase64: source[0], targetBase64: target[0] };
          await make({ path: '/mj/insight-face/swap', body, prompt: '', action: 'SWAP_FACE' });
          setSource([]);
          setTarget([]);
        }}
      />
    </>
  );
}
