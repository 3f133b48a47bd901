//! A network that fails on request: a small TCP proxy in front of a server on loopback.

use super::free_port;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// The proxy; it forwards until it is told otherwise.
pub struct Proxy {
    port: u16,
    network: Arc<Network>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Open,
    /// Connections stay, and nothing moves on them.
    Silent,
    /// Connections break, and new ones are closed at once.
    Cut,
}

struct Network {
    state: Mutex<(Line, Vec<TcpStream>)>,
    changed: Condvar,
}

impl Proxy {
    /// Listens, and forwards to a port of loopback.
    pub fn start(to: u16) -> Proxy {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let network = Arc::new(Network { state: Mutex::new((Line::Open, Vec::new())), changed: Condvar::new() });
        let of_thread = network.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                of_thread.connect(stream, to);
            }
        });
        Proxy { port, network }
    }

    /// Where to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets everything wait on its way.
    pub fn silence(&self) {
        self.network.become_(Line::Silent);
    }

    /// Breaks all connections and takes no new ones.
    pub fn cut(&self) {
        self.network.become_(Line::Cut);
    }

    /// Forwards again.
    pub fn mend(&self) {
        self.network.become_(Line::Open);
    }
}

impl Network {
    fn state(&self) -> MutexGuard<'_, (Line, Vec<TcpStream>)> {
        self.state.lock().expect("nobody panics here")
    }

    fn become_(&self, line: Line) {
        let mut state = self.state();
        state.0 = line;
        if line == Line::Cut {
            for stream in state.1.drain(..) {
                // It may have been closed already.
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        self.changed.notify_all();
    }

    fn connect(self: &Arc<Self>, client: TcpStream, to: u16) {
        let mut state = self.state();
        if state.0 == Line::Cut {
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { return };
        let twin = |stream: &TcpStream| stream.try_clone().expect("a handle is free");
        state.1.extend([twin(&client), twin(&server)]);
        for (from, to) in [(twin(&client), twin(&server)), (server, client)] {
            let network = self.clone();
            std::thread::spawn(move || network.forward(from, to));
        }
    }

    fn forward(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16_384];
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            drop(self.changed.wait_while(self.state(), |state| state.0 == Line::Silent));
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}
