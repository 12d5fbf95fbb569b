/**
 * Node has no unix datagrams. These small programs have: each reads `open ID PATH` and `close ID` from its stdin and writes
 * `opened ID`, `failed ID WHY` and, for each datagram, `got ID PID HEX`; PID is 0 where it cannot tell the sender. They take no
 * descriptors: such that are sent along are closed, which is what sd_notify_barrier(3) waits for. They end with their stdin, and
 * then remove what is theirs: a daemon that takes over may have a socket under the same path by then.
 */
const python = `
import os, select, socket, struct, sys
socks = {}
folders = set()
def say(*words):
    sys.stdout.write(' '.join(str(word) for word in words) + '\\n')
    sys.stdout.flush()
def mark(path):
    found = os.lstat(path)
    return (found.st_ino, found.st_mtime_ns)
def close(id):
    sock, path, own = socks.pop(id)
    sock.close()
    try:
        if mark(path) == own: os.unlink(path)
    except OSError: pass
def told(line):
    word, id, *rest = line.split(' ', 2)
    if id in socks: close(id)
    if word != 'open': return
    try:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        if os.path.lexists(rest[0]): os.unlink(rest[0])
        sock.bind(rest[0])
        os.chmod(rest[0], 0o666)
        sock.setblocking(False)
        folders.add(os.path.dirname(rest[0]))
        socks[id] = (sock, rest[0], mark(rest[0]))
        say('opened', id)
    except OSError as error: say('failed', id, error)
def take(id, sock):
    try: data, extra, _, _ = sock.recvmsg(4096, socket.CMSG_SPACE(12))
    except OSError: return
    pid = 0
    for level, kind, body in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS: pid = struct.unpack('3i', body[:12])[0]
    say('got', id, pid, data.hex())
rest = b''
while True:
    waiting = {sock.fileno(): (id, sock) for id, (sock, _, _) in socks.items()}
    ready = select.select([0, *waiting], [], [])[0]
    for fd in ready:
        if fd in waiting: take(*waiting[fd])
    if 0 not in ready: continue
    chunk = os.read(0, 65536)
    if not chunk: break
    *lines, rest = (rest + chunk).split(b'\\n')
    for line in lines: told(line.decode())
for id in list(socks): close(id)
for folder in folders:
    try: os.rmdir(folder)
    except OSError: pass
`;

const perl = `
use strict; use Socket; use IO::Select;
my (%socks, %paths, %marks, %folders, $rest); $| = 1; $rest = '';
sub mark { join(' ', (lstat(shift))[1, 9]) }
sub shut {
  my $id = shift;
  close($socks{$id});
  unlink($paths{$id}) if mark($paths{$id}) eq $marks{$id};
  delete $socks{$id};
}
sub told {
  my ($word, $id, $path) = split(/ /, $_[0], 3);
  shut($id) if $socks{$id};
  return if $word ne 'open';
  unlink($path);
  my $sock;
  if (socket($sock, PF_UNIX, SOCK_DGRAM, 0) and bind($sock, sockaddr_un($path)) and chmod(0600, $path)) {
    $socks{$id} = $sock; $paths{$id} = $path; $marks{$id} = mark($path);
    $folders{$path =~ s{/[^/]*$}{}r} = 1;
    print "opened $id\\n";
  } else { print "failed $id $!\\n"; }
}
LOOP: while (1) {
  my %ids = map { fileno($socks{$_}) => $_ } keys %socks;
  for my $ready (IO::Select->new(\\*STDIN, values %socks)->can_read()) {
    if (fileno($ready) == 0) {
      last LOOP unless sysread(STDIN, my $chunk, 65536);
      $rest .= $chunk;
      told($1) while $rest =~ s/^(.*)\\n//;
    } else {
      my $id = $ids{fileno($ready) // -1};
      next unless defined $id and defined recv($ready, my $data, 4096, 0);
      print "got $id 0 ", unpack('H*', $data), "\\n";
    }
  }
}
shut($_) for keys %socks;
rmdir($_) for keys %folders;
`;

export interface HelperProgram {
  readonly program: 'python3' | 'perl';
  readonly args: readonly string[];
  /** Whether it can say who sent a datagram; where not, its sockets are open to their owner alone. */
  readonly tellsSender: boolean;
}

/** The first one that is there is taken. */
export const helperPrograms: readonly HelperProgram[] = [
  { program: 'python3', args: ['-I', '-S', '-c', python], tellsSender: true },
  { program: 'perl', args: ['-e', perl], tellsSender: false },
];
