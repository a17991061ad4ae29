import { useCallback, useState } from 'react';
import { Link } from 'wouter';
import { useSession } from '../api/session';
import { useLanguage } from '../i18n/language';
import { Fault } from '../ui/fault';
import { Segments } from '../ui/field';
import { later } from '../ui/later';
import { Page } from '../ui/page';
import { Skeleton } from '../ui/skeleton';
import { Button } from '../ui/button';
import { ActionsProvider } from './actions';
import { Composer } from './composer';
import { useFeed } from './feed';
import './studio.css';
import { TaskCard } from './task-card';
import type { ToolName } from './tools';

const ToolForm = later<{ tool: ToolName }>(
  () => import('./tools'),
  () => <Skeleton shape="form" />,
);
const TOOLS = ['imagine', 'blend', 'describe', 'edit', 'video', 'swap'] as const;
const EXAMPLE = 'a red fox in the snow, morning light --ar 3:2';

/** Where pictures are made. */
export default function Studio() {
  const { t } = useLanguage();
  const [tool, setTool] = useState<'imagine' | ToolName>('imagine');
  const [prompt, setPrompt] = useState('');
  const reuse = useCallback((text: string) => {
    setTool('imagine');
    setPrompt(text);
    scrollTo({ top: 0, behavior: 'smooth' });
    requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-slash]')?.focus());
  }, []);
  return (
    <Page title={t('nav.studio')} hidden>
      <ActionsProvider>
        <Segments
          label={t('studio.tools')}
          value={tool}
          options={TOOLS.map((one) => [one, t(`tool.${one}`)] as const)}
          onValue={setTool}
        />
        {tool === 'imagine' ? (
          <Composer prompt={prompt} onPrompt={setPrompt} />
        ) : (
          <ToolForm tool={tool} />
        )}
        <Feed onReuse={reuse} />
      </ActionsProvider>
    </Page>
  );
}

function Feed({ onReuse }: { onReuse: (prompt: string) => void }) {
  const feed = useFeed();
  if (feed.error && !feed.data)
    return <Fault error={feed.error} retry={() => void feed.refetch()} />;
  if (!feed.data) return <Skeleton shape="cards" />;
  if (!feed.data.length) return <FirstSteps onExample={() => onReuse(EXAMPLE)} />;
  return (
    <div className="feed">
      {feed.data.map((card) => (
        <TaskCard key={card.key} card={card} onReuse={onReuse} />
      ))}
    </div>
  );
}

function FirstSteps({ onExample }: { onExample: () => void }) {
  const { t } = useLanguage();
  const { may } = useSession();
  return (
    <section className="first-steps">
      <h2>{t('hint.title')}</h2>
      <ol>
        {(['one', 'two', 'three'] as const).map((step) => (
          <li key={step} className="card">
            <h3>{t(`hint.${step}`)}</h3>
            <p>{t(`hint.${step}Text`)}</p>
          </li>
        ))}
      </ol>
      <div className="row">
        <Button icon="studio" onPress={onExample}>
          {t('hint.example')}
        </Button>
        {may('users') && (
          <Link href="/operations/start" className="button plain">
            {t('hint.setUp')}
          </Link>
        )}
      </div>
    </section>
  );
}
