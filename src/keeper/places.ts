/** Where things of the keeper are, in the state dir. */
export const keeperSocket = 'keeper.sock';
export const fifoFolder = 'fifo';
