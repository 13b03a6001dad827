// Shows a screen as a series of pictures, each asked for when the one before is there.

import { path, say, screen, tools } from './page.js';

const SHORTEST = 100;
const AFTER_FAILURE = 2000;

let number = 0;

function next(delay) {
    setTimeout(() => {
        if (document.hidden) {
            document.addEventListener('visibilitychange', () => next(0), { once: true });
            return;
        }
        const picture = new Image();
        picture.className = 'snapshot';
        picture.alt = screen.querySelector('img').alt;
        picture.onload = () => {
            screen.querySelector('img').replaceWith(picture);
            say(picture.naturalWidth + ' × ' + picture.naturalHeight);
            next(SHORTEST);
        };
        picture.onerror = () => {
            say('The server does not answer; trying again.', true);
            next(AFTER_FAILURE);
        };
        picture.src = path + 'picture.jpg?' + number++;
    }, delay);
}

tools(() => {});
say('');
next(0);
