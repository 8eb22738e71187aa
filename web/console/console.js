/** The page of one machine: the element and nothing more. */

import { takeToken } from './access.js';
import { h, icon, shownName } from './dom.js';
import { VmConsole } from './vm-console.js';

const name = decodeURIComponent(location.pathname.split('/').at(-1) ?? '');
document.title = shownName(name);
const element = new VmConsole();
element.autofocus = true;
element.append(h('a', { slot: 'start', class: 'back', href: '/', 'aria-label': 'All machines' }, icon('back')));
element.token = takeToken();
element.src = `/vms/${encodeURIComponent(name)}`;
document.getElementById('place')?.append(element);
