// Shows a screen by noVNC, and connects again when the connection breaks.

import { path, say, screen, tools } from './page.js';

const SHORTEST_DELAY = 1000;
const LONGEST_DELAY = 15000;

const login = document.getElementById('login');
const password = document.getElementById('password');
const address = (location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + path + 'rfb';

let RFB;
let rfb = null;
let delay = SHORTEST_DELAY;
let timer = 0;
let refused = false;

const fits = tools(fit => {
    if (rfb) {
        rfb.scaleViewport = fit;
    }
});

function size() {
    const canvas = screen.querySelector('canvas');
    return canvas ? canvas.width + ' × ' + canvas.height : '';
}

function connect() {
    clearTimeout(timer);
    if (rfb) {
        const old = rfb;
        rfb = null;
        old.disconnect();
    }
    login.hidden = true;
    refused = false;
    screen.replaceChildren();
    say('Connecting.');
    const mine = new RFB(screen, address, { wsProtocols: ['binary'] });
    rfb = mine;
    mine.scaleViewport = fits();
    // Without one, a pointer over a screen whose cursor is in the picture would be invisible.
    mine.showDotCursor = true;
    mine.background = '#000';
    mine.addEventListener('connect', () => {
        delay = SHORTEST_DELAY;
        const canvas = screen.querySelector('canvas');
        say(size());
        new MutationObserver(() => mine === rfb && say(size())).observe(canvas, { attributeFilter: ['width', 'height'] });
    });
    mine.addEventListener('credentialsrequired', () => {
        say('This screen has a password.');
        login.hidden = false;
        password.value = '';
        password.focus();
    });
    mine.addEventListener('securityfailure', event => {
        refused = true;
        say('Refused: ' + (event.detail.reason || 'the password is wrong') + '.', true);
    });
    mine.addEventListener('disconnect', () => {
        if (mine !== rfb) {
            return;
        }
        rfb = null;
        login.hidden = true;
        if (!refused) {
            say('Disconnected; trying again.', true);
            timer = setTimeout(connect, delay);
            delay = Math.min(2 * delay, LONGEST_DELAY);
        }
    });
}

login.addEventListener('submit', event => {
    event.preventDefault();
    login.hidden = true;
    say('Connecting.');
    rfb?.sendCredentials({ password: password.value });
    password.value = '';
});
document.getElementById('reconnect').addEventListener('click', () => {
    delay = SHORTEST_DELAY;
    if (RFB) {
        connect();
    }
});

import('/novnc/core/rfb.js').then(
    module => {
        RFB = module.default;
        connect();
    },
    () => say('noVNC could not be loaded; this browser may be too old for it.', true));
