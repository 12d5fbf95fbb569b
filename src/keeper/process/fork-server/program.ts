/** Reads the program from stdin, so that a list of processes does not show all of it, and becomes it. Argument: how many bytes. */
export const bootstrap = `my $n = shift; my $p = '';
while (length $p < $n) { sysread(STDIN, $p, $n - length $p, length $p) or exit 1 }
eval $p; exit 1`.replaceAll('\n', ' ');

/**
 * What runs in the fork server: Perl without modules, so that it is small and forks in less than half the time that Node takes. It calls
 * the system by number, for Perl's own files cost five calls where one does. Arguments: the pid of the keeper, and the numbers in their
 * order below (`fork-server.ts`). On stdin come orders (`orders.ts`), on stdout go lines:
 * `ready`; `pong`; `executed ID PID`; `refused ID STEP ERRNO`; `exited ID CODE`, `killed ID SIGNAL`; `reaped ID`.
 * A program that has ended stays a zombie until it is asked to be reaped, so that its number is not another's before that is known.
 */
export const program = String.raw`
use strict;
my ($keeper, $read, $write, $openat, $close, $fcntl, $dup3, $pipe2, $rt_sigprocmask, $setsid, $waitid) = map { $_ + 0 } @ARGV;
my ($at_fdcwd, $o_wronly, $o_rdwr, $o_nonblock, $o_cloexec) = (-100, 1, 2, 04000, 02000000);
my ($f_setfl, $f_dupfd_cloexec) = (4, 1030);
my ($sig_block, $sig_setmask) = (0, 2);
my ($p_all, $p_pid, $wnohang_wexited_wnowait) = (0, 1, 0x01000005);
my ($eintr, $echild, $cld_exited) = (4, 10, 1);
my %living;    # by pid: id
my %zombies;   # by id: pid
my %launching; # by descriptor, which tells how the exec went: id, pid
my %launched;  # by pid: not known yet
my ($in, $out) = ('', '');
my $self = $$;

syscall($waitid, $p_all, 0, my $none = "\0" x 128, $wnohang_wexited_wnowait, 0) == -1 && $! == $echild or exit 1;
# Not where the keeper has capabilities that this has not.
defined readlink("/proc/$keeper/fd/0") or exit 1;
pipe(my $deaths, my $death) or exit 1;
my $woken = 0;
$SIG{CHLD} = sub { syswrite($death, '.') unless $woken++ };
# HUP, INT and TERM are for programs; this ends with its keeper, or by force.
syscall($rt_sigprocmask, $sig_block, my $ignored = pack('Q', 1 << 0 | 1 << 1 | 1 << 14), 0, 8) == 0 or exit 1;
my $nothing = pack('Q', 0);
my $null = opened('/dev/null', $o_rdwr);
$null >= 0 or exit 1;

sub say_ { $out .= join(' ', @_) . "\n" }

sub opened {
  my ($path, $flags) = @_;
  return syscall($openat, $at_fdcwd, $path, $flags | $o_cloexec, 0);
}

# What is only read could be a pipe that nobody writes to yet.
sub input {
  my $file = opened($_[0], $o_nonblock);
  syscall($fcntl, $file, $f_setfl, 0) if $file >= 0;
  return $file;
}

sub execute {
  my ($id, $file, $name, $cwd, $procs, $files, $variables, @args) = @_;
  my @env = splice(@args, 0, 2 * $variables);
  my (@files, @mine);
  my $refuse = sub { my $errno = $! + 0; syscall($close, $_) for @mine; say_('refused', $id, $_[0], $errno) };
  for my $at (0 .. $files - 1) {
    my $path = shift @args;
    if ($path eq 'null') { push @files, $null; next }
    if ($path eq '') { push @files, -1; next }
    my $opened = $at == 0 ? input($path) : opened($path, $o_rdwr);
    $opened >= 0 or return $refuse->('open');
    push @files, $opened;
    push @mine, $opened;
  }
  syscall($pipe2, my $pipe = pack('l2', 0, 0), $o_cloexec) == 0 or return $refuse->('fork');
  my ($outcome, $failure) = unpack('l2', $pipe);
  my $pid = fork;
  if (!defined $pid) { push @mine, $outcome, $failure; return $refuse->('fork') }
  if ($pid == 0) {
    my $fail = sub { my $text = "$_[0] " . ($! + 0); syscall($write, $failure, $text, length $text); kill 9, $$; sleep 1 };
    syscall($setsid);
    if (length $procs) {
      my $join = opened($procs, $o_wronly);
      $join >= 0 && syscall($write, $join, my $own = '0', 1) == 1 or $fail->('cgroup');
    }
    chdir $cwd or $fail->('cwd');
    # Out of the way of one another first.
    for my $fd ($failure, @files) {
      next if $fd < 0 || $fd >= $files;
      $fd = syscall($fcntl, $fd, $f_dupfd_cloexec, $files + 0);
      $fd >= 0 or $fail->('open');
    }
    for my $at (0 .. $#files) { $files[$at] < 0 || syscall($dup3, $files[$at], $at, 0) >= 0 or $fail->('open') }
    %ENV = @env;
    # Nobody would know of it: what is not known to have begun is begun once more.
    getppid == $self or exit 1;
    syscall($rt_sigprocmask, $sig_setmask, $nothing, 0, 8);
    { no warnings; exec {$file} ($name, @args) }
    $fail->('exec');
  }
  syscall($close, $_) for $failure, @mine;
  $living{$pid} = $id;
  $launched{$pid} = 1;
  $launching{$outcome} = [$id, $pid];
}

sub learn {
  my ($id, $pid) = @{delete $launching{$_[0]}};
  my $length = syscall($read, $_[0] + 0, my $failed = "\0" x 64, 64);
  syscall($close, $_[0] + 0);
  delete $launched{$pid};
  if ($length > 0) {
    waitpid($pid, 0);
    delete $living{$pid};
    return say_('refused', $id, substr($failed, 0, $length));
  }
  say_('executed', $id, $pid);
  look($pid);
}

sub look {
  my $pid = $_[0];
  syscall($waitid, $p_pid, $pid + 0, my $info = "\0" x 128, $wnohang_wexited_wnowait, 0) == 0 or return;
  my ($code, $of, $status) = (unpack('l7', $info))[2, 4, 6];
  $of == $pid or return;
  my $id = delete $living{$pid};
  $zombies{$id} = $pid;
  say_($code == $cld_exited ? 'exited' : 'killed', $id, $status);
}

sub reap {
  my $id = $_[0];
  my $pid = delete $zombies{$id};
  waitpid($pid, 0) if $pid;
  say_('reaped', $id);
}

say_('ready');
while (1) {
  for (my $sent = 0; $sent < length $out; ) { $sent += syswrite(STDOUT, $out, length($out) - $sent, $sent) || 0 }
  $out = '';
  my $ready = '';
  vec($ready, $_, 1) = 1 for 0, fileno($deaths), keys %launching;
  select($ready, undef, undef, undef) > 0 or next;
  for my $at (keys %launching) { learn($at) if vec($ready, $at, 1) }
  if (vec($ready, fileno $deaths, 1)) {
    sysread($deaths, my $seen, 4096);
    $woken = 0;
    for my $pid (keys %living) { look($pid) unless $launched{$pid} }
  }
  vec($ready, 0, 1) or next;
  my $got = sysread(STDIN, $in, 65536, length $in);
  next if !defined $got && $! == $eintr;
  $got or exit 0;
  my $at = 0;
  while (length($in) - $at >= 4) {
    my $length = unpack('N', substr($in, $at, 4));
    last if length($in) - $at - 4 < $length;
    my ($order, @fields) = unpack('(N/a*)*', substr($in, $at + 4, $length));
    $at += 4 + $length;
    # Whoever comes after a keeper that is no more ends what it has begun, once.
    exit 0 if getppid != $keeper;
    $order eq 'execute' ? execute(@fields) : $order eq 'reap' ? reap(@fields) : say_('pong');
  }
  substr($in, 0, $at) = '';
}
`;
