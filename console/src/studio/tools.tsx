import { useState } from 'react';
import { useLanguage } from '../i18n/language';
import { Segments } from '../ui/field';
import { useActions } from './actions';
import { PictureInput } from './pictures';
import { Edit } from './tool-edit';
import { OnePicture, Send } from './tool-parts';
import { Video } from './tool-video';

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
      <OnePicture
        label={t('pictures.one')}
        pictures={pictures}
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

function Swap() {
  const { t } = useLanguage();
  const { make } = useActions();
  const [source, setSource] = useState<string[]>([]);
  const [target, setTarget] = useState<string[]>([]);
  return (
    <>
      <div className="fields">
        <OnePicture label={t('swap.source')} pictures={source} onPictures={setSource} />
        <OnePicture label={t('swap.target')} pictures={target} onPictures={setTarget} />
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
