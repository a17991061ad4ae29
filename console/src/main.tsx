import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError, currentSecret } from './api/client';
import { watchConnection } from './api/connection';
import { SessionProvider } from './api/session';
import { App } from './app';
import { LanguageProvider } from './i18n/language';
import { fetchPage } from './shell/pages';
import './styles/base.css';
import './styles/shell.css';
import { ErrorBoundary } from './ui/fault';
import { ToastProvider } from './ui/toast';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      // Refusals stay what they are; a gateway that cannot be reached may come back.
      retry: (failures, error) =>
        failures < 3 && error instanceof ApiError && (error.status === 0 || error.status >= 500),
    },
  },
});

watchConnection();
// Who it is and what is shown to them are fetched beside each other.
if (currentSecret()) fetchPage(location.pathname);

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
createRoot(root).render(
  <StrictMode>
    <LanguageProvider>
      <ErrorBoundary>
        <QueryClientProvider client={queries}>
          <ToastProvider>
            <SessionProvider>
              <App />
            </SessionProvider>
          </ToastProvider>
        </QueryClientProvider>
      </ErrorBoundary>
    </LanguageProvider>
  </StrictMode>,
);
