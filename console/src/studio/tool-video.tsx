import { useState } from 'react';
import { useLanguage } from '../i18n/language';
import { Field, Segments, Switch } from '../ui/field';
import { useActions } from './actions';
import { OnePicture, Send } from './tool-parts';

/** A picture is made to move. */
export function Video() {
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
        <OnePicture label={t('video.start')} pictures={first} onPictures={setFirst} takesPaste />
        {!loop && (
          <OnePicture
            label={t('video.end')}
            hint={t('field.optional')}
            pictures={last}
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
