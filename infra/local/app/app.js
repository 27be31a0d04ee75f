/**
 * The page of the one-machine stack: shows who is logged in, calls two APIs through the broker, shows which token
 * arrived there, and follows a stream. The first part is all that an app of one's own needs; the rest only draws.
 */

// --- talking to the broker ---

const safeMethods = new Set(['GET', 'HEAD']);
const mostTries = 3;
const longestPauseSeconds = 10;
let isLeaving = false;

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** The broker always says how many seconds; an API may say a date, or nothing. */
const secondsUntilRetry = (response) => Number(response.headers.get('Retry-After')) || 2;

/** Where a login cures this answer; upstream answers and other refusals never say so. */
async function loginUrlOf(response) {
  if (response.status !== 401 || !response.headers.has('Bff-Error')) return undefined;
  return (await response.clone().json()).login_url;
}

/** At most once per page load, however many calls were refused. */
function goToLogin(loginUrl) {
  if (isLeaving) return;
  isLeaving = true;
  const url = new URL(loginUrl, location.origin);
  url.searchParams.set('returnUrl', location.pathname + location.search);
  location.assign(url);
}

/** A page that comes back from the browser's memory may go there again. */
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) isLeaving = false;
});

/**
 * `fetch` for the broker's own endpoints and for the APIs behind it. It adds the one static header, leads to the login
 * where the answer names one, and repeats a safe request that was answered 503, or one that a new login overtook.
 */
export async function brokerFetch(path, init = {}) {
  const headers = new Headers(init.headers);
  headers.set('X-CSRF', '1');
  const isSafe = safeMethods.has(init.method ?? 'GET');
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(path, { ...init, headers });
    const seconds = secondsUntilRetry(response);
    if (response.status === 503 && isSafe && tries < mostTries && seconds <= longestPauseSeconds) {
      await pause(seconds);
      continue;
    }
    // A login in another tab came in between; the browser has the new session by now.
    if (response.headers.get('Bff-Error') === 'session_superseded' && tries === 1) continue;
    const loginUrl = await loginUrlOf(response);
    if (loginUrl !== undefined) goToLogin(loginUrl);
    return response;
  }
}

/** @returns the claims as `{ type, value }[]`, or null when nobody is logged in */
async function fetchUser({ slide }) {
  const response = await brokerFetch(slide ? '/bff/user' : '/bff/user?slide=false');
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`/bff/user answered ${response.status}.`);
  return response.json();
}

// --- drawing ---

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; text stays text. */
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const code = (text) => make('code', {}, String(text));

const facts = (entries) =>
  make('dl', {}, ...entries.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));

const details = (summary, ...children) => make('details', {}, make('summary', {}, summary), ...children);

const say = (text) => byId('status').replaceChildren(text);

function warn(text) {
  byId('notice').replaceChildren(text);
  byId('notice').hidden = false;
}

const two = (number) => String(number).padStart(2, '0');

function clock(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(Math.floor(seconds % 60))}`;
}

// --- what an API received ---

/** What the API accepts above what arrived, so that one sees whether they are the same. */
function audienceMatch(accepts, received) {
  const isMatch = received.includes(accepts);
  const row = (name, values) =>
    make('div', { class: 'end' }, make('span', { class: 'eyebrow' }, name), make('ul', {}, ...values));
  const audience = (text) => make('li', text === accepts ? { class: 'hit' } : {}, code(text));
  return make(
    'div',
    { class: isMatch ? 'match' : 'match wrong' },
    row('This API accepts', [audience(accepts)]),
    row('The token that arrived is for', received.map(audience)),
    make('p', { class: 'verdict' }, isMatch ? 'The audience is the right one' : 'The audience is another one'),
  );
}

function ordersTable(orders) {
  const rows = orders.map(({ item, quantity, total, state }) =>
    make('tr', {}, ...[item, quantity, total, state].map((value) => make('td', {}, String(value)))),
  );
  const heads = ['Item', 'Number', 'Total', 'State'].map((name) => make('th', { scope: 'col' }, name));
  const table = make('table', {}, make('thead', {}, make('tr', {}, ...heads)), make('tbody', {}, ...rows));
  return make('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Orders' }, table);
}

function profileFacts({ customerSince, address }) {
  return facts([
    ['Customer since', customerSince],
    ['Address', `${address.street}, ${address.city}, ${address.country}`],
  ]);
}

function drawReport(report) {
  const { accepts, aud, iss, scope, exp, token, headers, orders, profile } = report;
  const lasts = Math.max(0, exp - Date.now() / 1000);
  return [
    audienceMatch(accepts, [aud].flat()),
    facts([
      ['Issued by', code(iss)],
      ['Scopes', code(scope)],
      ['Token', code(`${token.scheme} JWT, ${token.alg}`)],
      ['Runs out in', code(clock(lasts))],
    ]),
    ...(orders === undefined ? [] : [ordersTable(orders)]),
    ...(profile === undefined ? [] : [profileFacts(profile)]),
    details('Request headers at the API, without the token', facts(Object.entries(headers))),
    details('The whole answer', make('pre', {}, JSON.stringify(report, undefined, 2))),
  ];
}

function drawProblem({ title, code: problemCode, detail, ref }) {
  const link = make('a', { href: '/bff/diagnostics' }, 'What was asked and what came back');
  return make(
    'div',
    { class: 'problem' },
    make('p', { class: 'verdict' }, title),
    ...(detail === undefined ? [] : [make('p', {}, detail)]),
    facts([
      ['Code', code(problemCode)],
      ['Reference', code(ref)],
    ]),
    make('p', {}, link),
  );
}

/** A problem of the broker, the report of a sample API, or whatever else an API answers. */
async function drawAnswer(response) {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.includes('json')) return [make('pre', {}, await response.text())];
  const body = await response.json();
  if (response.headers.has('Bff-Error')) return [drawProblem(body)];
  return body.accepts === undefined ? [make('pre', {}, JSON.stringify(body, undefined, 2))] : drawReport(body);
}

/** @returns a function that calls the API and shows what came back */
function addApi(name) {
  const path = `/api/${name}`;
  const card = byId('api').content.cloneNode(true).firstElementChild;
  const [title, where, button] = card.querySelector('header').children;
  const answer = card.querySelector('.answer');
  card.id = name;
  title.id = `${name}-title`;
  card.setAttribute('aria-labelledby', title.id);
  title.append(`${name.slice(0, 1).toUpperCase()}${name.slice(1)}`);
  where.append(path);
  button.append('Call');
  button.setAttribute('aria-label', `Call ${path}`);

  async function call() {
    card.setAttribute('aria-busy', 'true');
    try {
      const startedAt = performance.now();
      const response = await brokerFetch(path);
      const took = Math.round(performance.now() - startedAt);
      const drawn = await drawAnswer(response);
      answer.replaceChildren(make('p', { class: 'line' }, `${response.status} in ${took} ms`), ...drawn);
      card.dataset.status = String(response.status);
      say(`${path} answered ${response.status}. ${answer.querySelector('.verdict')?.textContent ?? ''}`);
    } catch {
      warn(`${path} cannot be reached.`);
    } finally {
      card.removeAttribute('aria-busy');
    }
  }
  button.addEventListener('click', () => void call());
  byId('apis').append(card);
  return call;
}

// --- a stream ---

const mostEvents = 5;

const logInAndStart = () => [make('a', { href: '/bff/login?returnUrl=%2F' }, 'Log in'), ', and start it again.'];

/** Why the browser was refused: `EventSource` tells a page neither status nor answer, so it asks who is logged in. */
async function refusalOfStream() {
  if ((await updateUser()) === null) return ['Nobody is logged in: the broker answered 401. ', ...logInAndStart()];
  return ['The stream was refused. Start it again; a call of the same API above shows what is wrong.'];
}

/** @returns a function that ends the stream, if there is one, and says why */
function addStream() {
  const card = byId('stream');
  const button = card.querySelector('button');
  const line = card.querySelector('.line');
  const events = card.querySelector('.events');
  let source;

  function show(state, ...text) {
    card.dataset.state = state;
    button.replaceChildren(source === undefined ? 'Start' : 'Stop');
    line.replaceChildren(...text);
    if (state !== 'live') say(line.textContent);
  }

  function end(...why) {
    if (source === undefined) return;
    source.close();
    source = undefined;
    show('ended', ...why);
  }

  function add({ data, lastEventId }) {
    const { order, state } = JSON.parse(data);
    events.prepend(make('li', {}, code(lastEventId), make('span', {}, `${order} ${state}`)));
    while (events.children.length > mostEvents) events.lastElementChild.remove();
    show('live', 'Live: one event a second.');
  }

  function begin() {
    const opened = new EventSource('/api/orders/events');
    source = opened;
    show('opening', 'Opening…');
    opened.addEventListener('message', add);
    opened.addEventListener('error', () => {
      if (opened.readyState === EventSource.CONNECTING) {
        show('opening', 'The stream has ended, and the browser takes it up again after the last event.');
        return;
      }
      end('Refused.');
      refusalOfStream().then((text) => show('ended', ...text), report);
    });
  }

  button.addEventListener('click', () => (source === undefined ? begin() : end('Stopped.')));
  return end;
}

// --- who is logged in ---

const tabs = new BroadcastChannel('session');
let subject;
let endStream = () => undefined;
let sessionEndsAt;

function drawUser(claims) {
  const isIn = claims !== null;
  for (const id of ['hello', 'logout', 'files', 'me']) byId(id).hidden = !isIn;
  for (const id of ['welcome', 'login', 'anonymous-hint']) byId(id).hidden = isIn;
  const claim = (type) => claims?.find((each) => each.type === type)?.value;
  byId('who').replaceChildren(isIn ? String(claim('name') ?? claim('sub')) : 'Nobody is logged in');
  sessionEndsAt = isIn ? Date.now() + claim('bff:session_expires_in') * 1000 : undefined;
  if (!isIn) return;
  byId('hello-title').replaceChildren(`Hello, ${String(claim('name') ?? claim('sub')).split(' ')[0]}`);
  byId('logout').href = claim('bff:logout_url');
  const rows = claims.map(({ type, value }) =>
    make('tr', {}, make('th', { scope: 'row' }, code(type)), make('td', {}, code(JSON.stringify(value)))),
  );
  byId('claims').replaceChildren(...rows);
  byId('readable').replaceChildren(document.cookie === '' ? 'Nothing' : document.cookie);
  byId('image').src = '/api/orders/images/1.svg';
}

/** Asks who is logged in and tells the other tabs where that is news. Only a look, unless the person does something. */
async function updateUser({ slide = false } = {}) {
  const claims = await fetchUser({ slide });
  const found = claims?.find(({ type }) => type === 'sub')?.value ?? null;
  const isNews = found !== subject;
  const before = subject;
  subject = found;
  drawUser(claims);
  if (isNews) tabs.postMessage(found);
  // A stream was opened for whoever was logged in then, and would go on.
  if (isNews && before !== undefined) {
    if (found === null) endStream('The session has ended, so this page has closed the stream. ', ...logInAndStart());
    else endStream('Somebody else is logged in now. Start it again.');
  }
  if (isNews && found === null && typeof before === 'string') {
    warn('You are no longer logged in: the session has ended, or you logged out in another tab.');
    byId('main').focus();
  }
  return found;
}

const report = (error) =>
  warn(`${error instanceof Error ? error.message : 'Something went wrong.'} Please reload the page.`);

function tick() {
  if (sessionEndsAt === undefined) return;
  const left = Math.max(0, Math.round((sessionEndsAt - Date.now()) / 1000));
  byId('countdown').replaceChildren(clock(left));
  if (left > 0) return;
  sessionEndsAt = undefined;
  updateUser().catch(report);
}

/** The machine's own edge takes the audience out of the redirect to the provider when a login asks for it this way. */
function drawLoginLinks() {
  const isWithout = byId('without-audience').checked;
  for (const link of document.querySelectorAll('[data-login]')) {
    link.href = `/bff/login?returnUrl=%2F${isWithout ? '&without=audience' : ''}`;
  }
  byId('trial').replaceChildren(isWithout ? 'Log in without the audience' : 'Log in');
}

async function start() {
  const calls = ['orders', 'profile'].map(addApi);
  endStream = addStream();
  byId('without-audience').addEventListener('change', drawLoginLinks);
  drawLoginLinks();
  tabs.addEventListener('message', ({ data }) => {
    if (data !== subject) updateUser().catch(report);
  });
  // A page that comes back from the browser's memory may be out of date.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) updateUser().catch(report);
  });
  setInterval(tick, 1000);
  if ((await updateUser({ slide: true })) !== null) await Promise.all(calls.map((call) => call()));
  tick();
}

start().catch(report);
