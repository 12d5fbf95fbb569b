import { type Address, type Packet, type Receiver, requestWindow, streamWindow, waitingLimit } from '../model/bus.ts';
import { fromWire, MusterError } from '../model/error.ts';
import { Slots } from '../model/slots.ts';
import { asks, leaves } from './contacts.ts';
import type { Directory } from './directory.ts';
import type { Instance } from './module.ts';
import { type Callee, Question } from './question.ts';
import type { Tracers } from './tracers.ts';

export interface AskerPorts {
  readonly directory: Directory;
  readonly tracers: Tracers;
}

/** Instances that may pass a request on, one after another, before it fails. */
const mostMoves = 16;

/** Asks from inside of the daemon: for itself, or for a client of the socket. */
export class Asker {
  readonly address: Address;
  readonly asked = new Set<Address>();
  #sender: string;
  #ports: AskerPorts;
  #questions = new Slots<Question>();
  #callees = new Map<Address, Callee>();
  #closed = false;

  constructor(address: Address, sender: string, ports: AskerPorts) {
    this.address = address;
    this.#sender = sender;
    this.#ports = ports;
  }

  ask(topic: string, payload: unknown, receiver: Receiver): number {
    const question = new Question(topic, payload, receiver, this);
    if (this.#closed) {
      question.fail(new MusterError('ECANCELED', `${topic}: the connection is closed`));
      return question.id;
    }
    question.id = this.#questions.add(question);
    this.#ports.directory.resolve(question);
    return question.id;
  }

  cancel(id: number, error?: MusterError): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    if (question.callee === null) this.#ports.directory.drop(question);
    else if (question.sent) {
      const { address, link } = question.callee.instance;
      link.packet(['cancel', address, this.address, id]);
    }
    this.#end(question);
    question.fail(error ?? new MusterError('ECANCELED', `${question.topic} was given up`));
  }

  /** Goes on with a request for which it is known now who serves it. */
  found(question: Question, service: string, instance: Instance): void {
    question.service = service;
    let callee = this.#callees.get(instance.address);
    if (callee === undefined) {
      callee = { instance, underway: 0, waiting: new Set() };
      this.#callees.set(instance.address, callee);
      asks(this, instance);
    }
    question.callee = callee;
    if (callee.underway < requestWindow) this.#send(question, callee);
    else if (callee.waiting.size < waitingLimit) callee.waiting.add(question);
    else {
      this.#end(question);
      question.fail(new MusterError('EBUSY', `${waitingLimit} requests to ${service} wait already`));
    }
  }

  notFound(question: Question, error: MusterError): void {
    this.#end(question);
    const { topic, payload } = question;
    this.#ports.tracers.record({ type: 'request', topic, from: this.address, to: null, payload, error: error.code });
    question.fail(error);
  }

  /** What comes from an instance. Answers to what was not asked of it are dropped. */
  receive(packet: Packet): void {
    if (packet[0] === 'request' || packet[0] === 'disconnect') return;
    const question = this.#questions.get(packet[3]);
    if (question === undefined || !question.sent || question.callee?.instance.address !== packet[2]) return;
    switch (packet[0]) {
      case 'answer':
        this.#end(question);
        question.receiver.send(packet[5] === true ? undefined : packet[4]);
        break;
      case 'failure':
        this.#end(question);
        question.fail(fromWire(packet[4]));
        break;
      case 'part':
        this.#part(question, packet[4]);
        break;
      case 'moved':
        this.#moved(question, packet[5]);
        break;
    }
  }

  /** The instance has ended. */
  gone(address: Address, name: string): void {
    const callee = this.#callees.get(address);
    this.asked.delete(address);
    if (callee === undefined) return;
    this.#callees.delete(address);
    for (const question of this.#questions.all()) {
      if (question.callee !== callee || !question.sent) continue;
      this.#questions.delete(question.id);
      question.fail(new MusterError('EHOSTUNREACH', `"${name}" ended before it answered ${question.topic}`));
    }
    for (const question of callee.waiting) this.#again(question);
  }

  /** Requests that were not sent yet. */
  waiting(name: string): number {
    let count = 0;
    for (const { instance, waiting } of this.#callees.values()) if (instance.name === name) count += waiting.size;
    return count;
  }

  /** Ends all that is open; whoever was asked hears that the asker is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    leaves(this, this.#sender, this.#ports.directory);
    const open = this.#questions.all();
    this.#questions = new Slots();
    this.#callees.clear();
    for (const question of open) {
      if (question.callee === null) this.#ports.directory.drop(question);
      question.fail(new MusterError('ECANCELED', `${question.topic}: the connection is closed`));
    }
  }

  #send(question: Question, callee: Callee): void {
    callee.underway += 1;
    question.sent = true;
    const { id, service, topic, payload } = question;
    const { address, link } = callee.instance;
    question.payload = undefined; // one that moves on comes back with it
    link.packet(['request', address, this.address, id, service, topic, payload, this.#sender]);
  }

  /** Takes it out of the books, and lets the next one go. */
  #end(question: Question): void {
    this.#questions.delete(question.id);
    this.#release(question);
  }

  #release(question: Question): void {
    const { callee, sent } = question;
    question.callee = null;
    question.sent = false;
    if (callee === null) return;
    if (sent) callee.underway -= 1;
    else callee.waiting.delete(question);
    if (callee.waiting.size === 0 || callee.underway >= requestWindow) return;
    for (const next of callee.waiting) {
      callee.waiting.delete(next);
      this.#send(next, callee);
      break;
    }
  }

  #again(question: Question): void {
    question.callee = null;
    this.#ports.directory.resolve(question);
  }

  #moved(question: Question, payload: unknown): void {
    this.#release(question);
    question.payload = payload;
    question.moves += 1;
    if (question.moves <= mostMoves) {
      this.#again(question);
      return;
    }
    this.#end(question);
    question.fail(new MusterError('EHOSTUNREACH', `${question.service} goes from instance to instance and answers nowhere`));
  }

  /** The next parts are asked for as the receiver takes these. */
  #part(question: Question, payload: unknown): void {
    question.untaken += 1;
    if (question.untaken > 2 * streamWindow) {
      this.cancel(question.id, new MusterError('EPROTO', `${question.topic} sends more than it was asked for`));
      return;
    }
    void question.receiver.part(payload).then(
      () => this.#taken(question),
      () => this.cancel(question.id),
    );
  }

  #taken(question: Question): void {
    question.untaken -= 1;
    question.taken += 1;
    if (question.taken < streamWindow / 4 || question.callee === null) return;
    const { address, link } = question.callee.instance;
    link.packet(['credit', address, this.address, question.id, question.taken]);
    question.taken = 0;
  }
}
