mod aborts;
mod files;
mod mailboxes;
mod sockets;
mod tasks;
mod uncopied;
