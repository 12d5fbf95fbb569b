/**
 * What runs in the fork server: Perl without modules, so that it is small and forks in a tenth of the time that Node takes.
 * Arguments: the pid of the keeper; the numbers of setsid, dup3 and waitid. On stdin come orders (`orders.ts`), on stdout go lines:
 * `ready`; `pong`; `executed ID PID`; `refused ID STEP ERRNO`; `exited ID CODE`, `killed ID SIGNAL`; `reaped ID`.
 * A program that has ended stays a zombie until it is asked to be reaped, so that its number is not another's before that is known.
 */
export const program = String.raw`
use strict;
$0 = 'muster-fork-server';
my ($keeper, $setsid, $dup3, $waitid) = map { $_ + 0 } @ARGV;
my ($f_setfl, $f_dupfd_cloexec, $nonblock) = (4, 1030, 04000);
my ($p_all, $p_pid, $wnohang_wexited_wnowait) = (0, 1, 0x01000005);
my ($echild, $cld_exited) = (10, 1);
my %living;    # by pid: id
my %zombies;   # by id: pid
my %launching; # by descriptor: reads how the exec went, id, pid
my %launched;  # by pid: not known yet
my ($in, $out) = ('', '');

syscall($waitid, $p_all, 0, my $none = "\0" x 128, $wnohang_wexited_wnowait, 0) == -1 && $! == $echild or exit 1;
pipe(my $deaths, my $death) or exit 1;
my $woken = 0;
$SIG{CHLD} = sub { syswrite($death, '.') unless $woken++ };
# They are for programs; this ends with its keeper, or by force.
my @ignored = qw(HUP INT TERM);
$SIG{$_} = sub {} for @ignored;

sub say_ { $out .= join(' ', @_) . "\n" }

# What is only read could be a pipe that nobody writes to yet.
sub opened {
  my ($path, $at) = @_;
  sysopen(my $file, $path, $at == 0 ? $nonblock : 2) or return undef;
  fcntl($file, $f_setfl, 0) if $at == 0;
  return $file;
}

sub execute {
  my ($id, $file, $name, $cwd, $procs, $files, $variables, @args) = @_;
  my @env = splice(@args, 0, 2 * $variables);
  my @files;
  for my $at (0 .. $files - 1) {
    my $path = shift @args;
    push @files, length $path ? opened($path, $at) || return say_('refused', $id, 'open', $! + 0) : undef;
  }
  pipe(my $outcome, my $failure) or return say_('refused', $id, 'fork', $! + 0);
  my $pid = fork;
  defined $pid or return say_('refused', $id, 'fork', $! + 0);
  if ($pid == 0) {
    my $fail = sub { syswrite($failure, "$_[0] " . ($! + 0)); kill 9, $$; sleep 1 };
    $SIG{$_} = 'DEFAULT' for @ignored;
    syscall($setsid);
    if (length $procs) { my $join; open($join, '>', $procs) && defined syswrite($join, '0') or $fail->('cgroup') }
    chdir $cwd or $fail->('cwd');
    # Out of the way of one another first.
    open($failure, '>&=', fcntl($failure, $f_dupfd_cloexec, scalar @files)) or $fail->('open');
    my @from = map { $_ && (fcntl($_, $f_dupfd_cloexec, scalar @files) || $fail->('open')) } @files;
    for my $at (0 .. $#from) { !$from[$at] || syscall($dup3, $from[$at] + 0, $at, 0) >= 0 or $fail->('open') }
    %ENV = @env;
    { no warnings; exec {$file} ($name, @args) }
    $fail->('exec');
  }
  $living{$pid} = $id;
  $launched{$pid} = 1;
  $launching{fileno $outcome} = [$outcome, $id, $pid];
}

sub learn {
  my ($outcome, $id, $pid) = @{delete $launching{$_[0]}};
  delete $launched{$pid};
  if (sysread($outcome, my $failed, 64)) {
    waitpid($pid, 0);
    delete $living{$pid};
    return say_('refused', $id, $failed);
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
  sysread(STDIN, $in, 65536, length $in) or exit 0;
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
